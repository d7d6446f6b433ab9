import JSON
import Machine
import Testing

@testable import Machine

@Suite("Variables in lab files")
struct VariableTests {
  private static let variables = Variables(
    environment: ["NAME": "web", "EMPTY": "", "N": "3", "ON": "true", "REF": "${NAME}"],
    below: ["NAME": "not this", "BELOW": "b"])

  @Test(
    "A reference has the variable's value, else its default",
    arguments: [
      ("${NAME}", "web"), ("a-${NAME}-${N}b", "a-web-3b"), ("${BELOW}", "b"), ("${EMPTY}", ""),
      ("${GONE:-x}", "x"), ("${EMPTY:-x}", "x"), ("${NAME:-x}", "web"), ("${GONE:-}", ""),
      ("${GONE:-${NAME}}", "web"), ("${GONE:-a${GONE:-b}c}d", "abcd"), ("${NAME:?m}", "web"),
      ("$${NAME}", "${NAME}"), ("a$${b} ${NAME}", "a${b} web"), ("${REF}", "${NAME}"),
      ("${GONE:-$${x}}", "${x}"),
    ])
  func values(text: String, expected: String) throws {
    #expect(try Self.variables.resolve(text) == expected)
  }

  @Test(
    "What is no reference stays", arguments: ["", "plain", "$NAME", "$$", "cost: 5$", "a{b}", "login: $"])
  func plain(text: String) throws {
    #expect(try Self.variables.resolve(text) == nil)
  }

  @Test(
    "A variable that is not set is an error, and so is what is none",
    arguments: [
      ("${GONE}", VariableError.notSet("GONE", file: ".env")),
      ("${GONE:?say where}", .required("GONE", message: "say where")),
      ("${EMPTY:?}", .required("EMPTY", message: "")), ("x ${NAME", .malformed("${NAME")),
      ("${}", .malformed("${}")), ("${1A}", .malformed("${1A}")), ("${NA ME}", .malformed("${NA ME}")),
      ("${GONE-x}", .malformed("${GONE-x}")), ("${GONE:-${NAME}", .malformed("${GONE:-${NAME}")),
    ])
  func wrong(text: String, expected: VariableError) {
    #expect(throws: expected) { try Self.variables.resolve(text) }
  }

  @Test("However deep somebody nests defaults, it ends")
  func deep() {
    let text = String(repeating: "${GONE:-", count: 1_000) + String(repeating: "}", count: 1_000)
    #expect(throws: VariableError.self) { try Self.variables.resolve(text) }
  }

  private static func file(_ text: String, _ variables: Variables = variables) throws -> LabFile {
    let source = LabSource.Text(path: "/lab/q.json5", shown: "q.json5", bytes: Array(text.utf8))
    return try LabFile(try LabSource(source, variables: variables), defaultLab: "lab")
  }

  @Test("A variable's text is a number, or true and false, where a key wants that")
  func types() throws {
    let file = try Self.file(
      """
      { lab: "${NAME}", vms: { a: {
        cpus: "${N}", rng: "${ON}", serial: "${N}", append: "${N}", memory: "${N}G",
        disks: [{ file: "/${NAME}.qcow2", boot: "${N}", readOnly: "${ON}" }],
      } } }
      """)
    #expect(file.lab == "web")
    let settings = file.vms[0].settings
    #expect(
      settings.cpus == 3 && settings.rng == true && settings.append == "3" && settings.serial?.count == 3)
    #expect(settings.memory == .gibibytes(3))
    #expect(settings.disks?.first?.file == "/web.qcow2" && settings.disks?.first?.boot == 3)
    #expect(throws: DefinitionError.self) { try Self.file("{ vms: { a: { cpus: \"3\" } } }") }
    #expect(throws: DefinitionError.self) { try Self.file("{ vms: { a: { cpus: \"${NAME}\" } } }") }
  }

  @Test("What is not set is told with key and place, all of it, beside what else is wrong")
  func problems() {
    let error = #expect(throws: DefinitionError.self) {
      try Self.file(
        """
        { vms: {
          a: { memory: "${MEM}", disks: ["${DISKS}/a.qcow2"] },
          b: { cpsu: 1 },
        } }
        """)
    }
    #expect(
      error?.description == """
        q.json5:2:16: vms.a.memory: the variable 'MEM' is not set, neither in the environment nor in .env; write \
        ${MEM:-DEFAULT} where it may be missing
        q.json5:2:34: vms.a.disks[0]: the variable 'DISKS' is not set, neither in the environment nor in .env; write \
        ${DISKS:-DEFAULT} where it may be missing
        q.json5:3:8: vms.b.cpsu: unknown key 'cpsu'; did you mean 'cpus'?
        """)
  }

  @Test("No variable is left in what the supervisor is sent")
  func resolved() throws {
    let file = try Self.file("{ vms: { a: { append: \"${NAME}\", cpus: \"${N}\" } } }")
    let json = JSONValue.object(file.vms[0].json)
    #expect(!json.description.contains("$"))
    #expect(json["cpus"] == 3)
  }

  @Test("A profile has none")
  func profile() {
    let text = "{ append: \"${NAME}\" }"
    let error = #expect(throws: DefinitionError.self) {
      try Profile(parsing: Array(text.utf8), name: "p", file: "/p.json5")
    }
    #expect(error?.description.contains("a profile has no variables, such as 'NAME'") == true)
  }

  @Test("The file .env is read as compose reads it")
  func environmentFile() throws {
    let text = """
      # comment
      A=1
      export B = two words  # comment
        C='it''s'
      D="a\\tb\\"c" # comment
      E=
      F=x#y
      """
    #expect(throws: DefinitionError.self) { try EnvironmentFile(parsing: Array(text.utf8), file: ".env") }
    let good = text.replacing("'it''s'", with: "'$as # is'")
    #expect(
      try EnvironmentFile(parsing: Array(good.utf8), file: ".env").values == [
        "A": "1", "B": "two words", "C": "$as # is", "D": "a\tb\"c", "E": "", "F": "x#y",
      ])
  }

  @Test("What is wrong with it has its line")
  func wrongEnvironmentFile() {
    let error = #expect(throws: DefinitionError.self) {
      try EnvironmentFile(parsing: Array("A=1\nB\n2C=1\nD=\"x\n".utf8), file: ".env")
    }
    #expect(
      error?.description == """
        .env:2:1: a line is NAME=VALUE; this one has no '='
        .env:3:1: '2C' cannot name a variable
        .env:4:1: a quote is not closed
        """)
  }
}
