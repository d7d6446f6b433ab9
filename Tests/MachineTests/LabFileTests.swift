import JSON
import Machine
import Testing

@Suite("Lab files")
struct LabFileTests {
  @Test("A lab file gives its VMs in its order, with names, settings and places")
  func reads() throws {
    let text = """
      {
        lab: "shop",
        networks: {},
        vms: {
          db:  { cpus: 2, memoryPerCPU: "512M", restart: "always" },   // M = m * n
          web: {
            profile: "hello",
            ports: ["8080:80"],
          },
        },
      }
      """
    let file = try LabFile(parsing: Array(text.utf8), file: "qemuvm.json5", defaultLab: "folder")
    #expect(file.lab == "shop")
    #expect(file.vms.map(\.name.description) == ["shop/db", "shop/web"])
    #expect(file.vms[0].settings.memoryPerCPU == .mebibytes(512))
    #expect(file.vms[0].profile == "linux")
    #expect(file.vms[1].profile == "hello")
    #expect(file.vms[1].origins["ports[0]"]?.description == "qemuvm.json5:8:15")
  }

  @Test("A lab file without a name takes its folder's")
  func defaultName() throws {
    let file = try LabFile(parsing: Array("{ vms: { web: {} } }".utf8), file: "f", defaultLab: "folder")
    #expect(file.vms[0].name.description == "folder/web")
  }

  @Test("What is wrong with a lab file is said with its place", arguments: badFiles)
  func refuses(_ text: String, _ message: String) {
    #expect {
      try LabFile(parsing: Array(text.utf8), file: "q.json5", defaultLab: "lab")
    } throws: { error in
      #expect("\(error)" == message)
      return error is DefinitionError
    }
  }

  private static let badFiles: [(String, String)] = [
    ("", "q.json5:1:1: expected a value, found the end of the text"),
    ("{ vms: }", "q.json5:1:8: expected a value, found '}'"),
    ("[]", "q.json5:1:1: expected an object, found an array"),
    ("{}", "q.json5:1:1: vms: the list of VMs is missing"),
    ("{ vms: [] }", "q.json5:1:8: vms: expected an object of VMs, found an array"),
    ("{ vms: {}, vm: {} }", "q.json5:1:12: vm: unknown key 'vm'; did you mean 'vms'?"),
    ("{ lab: \"a b\", vms: {} }", "q.json5:1:8: lab: 'a b' is not a valid name: " + nameRule + "white space"),
    ("{ vms: { \"a/b\": {} } }", "q.json5:1:10: vms: 'a/b' is not a valid name: " + nameRule + "'/'"),
    (
      "{ vms: { \"..\": {} } }",
      "q.json5:1:10: vms: '..' is not a valid name: a name begins with a letter or digit, not with '.'"
    ),
    ("{ vms: {}, \"a\\n\\u001b[2J\": 1 }", "q.json5:1:12: a\\n\\x1b[2J: unknown key 'a\\n\\x1b[2J'"),
    (
      "{ networks: { backend: { subnt: \"10.9.0.0/24\" } }, vms: {} }",
      "q.json5:1:26: networks.backend.subnt: unknown key 'subnt'; did you mean 'subnet'?"
    ),
    (
      "{ vms: { a: { uuid: \"123e4567-e89b-42d3-a456-426614174000\" }, "
        + "b: { uuid: \"123E4567-e89b-42d3-a456-426614174000\" } } }",
      "q.json5:1:74: vms.b.uuid: the UUID 123e4567-e89b-42d3-a456-426614174000 is that of 'a'"
    ),
    (
      "{ vms: { a: { ports: [\"80:1\"] }, b: { ports: [\"0.0.0.0:80:1\"] } } }",
      "q.json5:1:47: vms.b.ports[0]: '0.0.0.0:80:1' wants a port of the host that 'a' has"
    ),
    (
      "{ vms: { db: {}, web: { dependsOn: [\"db\", \"bd\"] } } }",
      "q.json5:1:43: vms.web.dependsOn.bd: unknown VM 'bd'; did you mean 'db'?"
    ),
    (
      "{ vms: { db: {}, job: {}, web: { dependsOn: { mail: \"stopped\" } } } }",
      "q.json5:1:53: vms.web.dependsOn.mail: unknown VM 'mail'; use db or job"
    ),
    (
      "{ vms: { web: { dependsOn: { db: \"started\" } },\n  db: { dependsOn: [\"web\"] } } }",
      "q.json5:1:34: vms.web.dependsOn.db: VMs wait for each other in a circle: web -> db -> web"
    ),
    (
      "{ vms: { web: { dependsOn: [\"web\"] } } }",
      "q.json5:1:29: vms.web.dependsOn.web: VMs wait for each other in a circle: web -> web"
    ),
    (
      "{\n  vms: {\n    web: {\n      cpsu: 2,\n      memory: 512,\n    },\n    db: { disks: [{ fil: 1 }] },\n  },\n}",
      """
      q.json5:4:7: vms.web.cpsu: unknown key 'cpsu'; did you mean 'cpus'?
      q.json5:5:15: vms.web.memory: 512 has no unit; write a size such as '512M' or '2G'
      q.json5:7:19: vms.db.disks[0].file: the disk's 'file', 'image' or 'size' is missing
      q.json5:7:21: vms.db.disks[0].fil: unknown key 'fil'; did you mean 'file'?
      """
    ),
  ]

  private static let nameRule = "a name may have only ASCII letters, digits, '.', '_' and '-', not "

  @Test("A folder that cannot name a lab must be given a name")
  func badFolder() {
    #expect {
      try LabFile(parsing: Array("{ vms: {} }".utf8), file: "q.json5", defaultLab: "my lab")
    } throws: {
      "\($0)"
        == "q.json5:1:1: lab: the folder's name 'my lab' cannot name the lab: \(Self.nameRule)white space; "
        + "write lab: \"NAME\""
    }
  }
}
