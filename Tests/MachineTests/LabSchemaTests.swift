import JSON
import Testing

@testable import Machine

@Suite("The schema of a lab file")
struct LabSchemaTests {
  /// As much of JSON Schema as the schema uses.
  static func takes(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
    if let isAllowed = schema.bool { return isAllowed }
    var rest = try #require(schema.object)
    for key in ["description", "$schema", "title"] { rest[key] = nil }
    func take(_ key: String) -> JSONValue? {
      defer { rest[key] = nil }
      return rest[key]
    }
    var isTaken = true
    if let any = take("anyOf")?.array {
      isTaken = try any.contains { try takes(value, $0) }
    }
    if let constant = take("const") { isTaken = isTaken && value == constant }
    if let type = take("type")?.string { isTaken = isTaken && type == typeName(value) }
    if let choices = take("enum")?.array { isTaken = isTaken && choices.contains(value) }
    if let least = take("minimum")?.int { isTaken = isTaken && (value.int ?? .min) >= least }
    if let most = take("maximum")?.int { isTaken = isTaken && (value.int ?? .max) <= most }
    if take("pattern") != nil { isTaken = isTaken && value.string?.contains("${") == true }
    if let items = take("items") {
      isTaken = try isTaken && (value.array ?? []).allSatisfy { try takes($0, items) }
    }
    let properties = take("properties")?.object ?? [:]
    if let others = take("additionalProperties"), let members = value.object {
      isTaken = try isTaken && members.allSatisfy { try takes($0.value, properties[$0.key] ?? others) }
    }
    try #require(rest.isEmpty, "the schema has words that this does not know: \(rest)")
    return isTaken
  }

  private static func typeName(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .unsigned: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  private static let schema = JSONValue.object(LabSchema.json)

  private static func lab(_ vm: JSONObject) -> JSONValue { ["lab": "shop", "vms": ["web": .object(vm)]] }

  private static var vm: JSONValue {
    get throws { try #require(schema["properties"]?["vms"]?["additionalProperties"]) }
  }

  @Test("It has every key that a VM may have, and no other")
  func keys() throws {
    let known = Set(try #require(try Self.vm["properties"]?.object).keys)
    let expected = SettingKey.all.filter { $0.refusal(in: .virtualMachine) == nil }.map(\.name)
    #expect(known == Set(expected + ["count"]))
    #expect(try Self.vm["additionalProperties"] == false)
    let root = Set(try #require(Self.schema["properties"]?.object).keys)
    #expect(root == ["$schema", "include", "lab", "networks", "vms"])
  }

  @Test("What the reader takes, it takes: each key, and each golden definition")
  func accepted() throws {
    for (key, value) in Everything.json {
      #expect(try Self.takes(Self.lab([key: value]), Self.schema), "\(key): \(value)")
    }
    for golden in Golden.all {
      let settings = try golden.definition().settings.json
      #expect(try Self.takes(Self.lab(settings), Self.schema), "\(golden.name)")
    }
    let variables: JSONObject = [
      "cpus": "${CPUS:-2}", "rng": "${RNG}", "restart": "${POLICY}", "count": "${N}",
      "restart": ["burst": "${N}"],
    ]
    #expect(try Self.takes(Self.lab(variables), Self.schema))
    #expect(try Self.takes(["include": ["a"], "$schema": "s", "vms": [:]], Self.schema))
    #expect(try Self.takes(["include": "a", "vms": [:]], Self.schema))
  }

  @Test("A key that is not known is refused wherever the reader refuses it")
  func unknownKeys() throws {
    var refused = 0
    for (key, value) in Everything.json {
      for broken in Self.withUnknownKey(value) {
        let lab = Self.lab([key: broken])
        let text = LabSource.Text(path: "/q", shown: "q", bytes: lab.bytes())
        var isRefused = false
        do {
          _ = try LabFile(try LabSource(text), defaultLab: "lab")
        } catch {
          isRefused = error.problems.contains { if case .unknownKey = $0.reason { true } else { false } }
        }
        guard isRefused else { continue }
        refused += 1
        #expect(try !Self.takes(lab, Self.schema), "\(lab)")
      }
    }
    #expect(refused >= 9)
  }

  @Test(
    "What the reader refuses for its type, the schema refuses",
    arguments: [
      ["cpus": "2"], ["cpus": 0], ["cpus": true], ["memory": 512], ["rng": "yes"], ["disks": 3],
      ["ports": "80:80"],
      ["restart": "sometimes"], ["restart": true], ["health": []], ["disks": [["boot": 100, "file": "x"]]],
      ["usb": ["joystick"]], ["stopTimeout": 5], ["dependsOn": ["db": "soon"]], ["count": 0], ["profile": 1],
      ["accelerator": "xen"], ["disks": [["file": "x", "cache": "all"]]], ["uuid": 1],
      ["watchdog": ["action": "x"]],
    ] as [JSONObject])
  func refused(vm: JSONObject) throws {
    #expect(try !Self.takes(Self.lab(vm), Self.schema))
    let text = LabSource.Text(path: "/q", shown: "q", bytes: Self.lab(vm).bytes())
    #expect(throws: DefinitionError.self) { try LabFile(try LabSource(text), defaultLab: "lab") }
  }

  /// The value with one more key, in itself and in each object in it.
  private static func withUnknownKey(_ value: JSONValue) -> [JSONValue] {
    switch value {
    case .object(var object):
      let inner = object.flatMap { key, value in
        withUnknownKey(value).map { changed in
          var copy = object
          copy[key] = changed
          return JSONValue.object(copy)
        }
      }
      object["notAKey"] = 1
      return [.object(object)] + inner
    case .array(let elements):
      return elements.indices.flatMap { index in
        withUnknownKey(elements[index]).map { changed in
          var copy = elements
          copy[index] = changed
          return JSONValue.array(copy)
        }
      }
    default: return []
    }
  }
}
