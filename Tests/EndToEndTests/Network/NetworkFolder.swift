import Glibc
import Host
import JSON
import Testing

/// A network of a test: its definition in a fleet's folder, and its switch as a process of its own.
struct NetworkFolder {
  let fleet: Fleet
  let names: [String]
  private let definition: String

  /// Cards in their order have 10.9.0.2 and so on, and MACs that end in the same number.
  init(_ fleet: Fleet, _ names: [String], _ settings: JSONObject = [:]) throws {
    self.fleet = fleet
    self.names = names
    let ports: [JSONValue] = names.enumerated().map { index, name in
      [
        "name": .string(name), "mac": .string(Self.mac(index)), "address": "10.9.0.\(index + 2)",
        "switch": .string(Self.path(fleet, name, "switch")), "card": .string(Self.path(fleet, name, "card")),
      ]
    }
    var json: JSONObject = [
      "name": "shop/backend", "subnet": "10.9.0.0/24", "address": "10.9.0.1", "domain": "backend.shop",
      "control": .string(Self.path(fleet, "", "control")), "ports": .array(ports),
    ]
    for (key, value) in settings { json[key] = value }
    definition = try fleet.write(JSONValue.object(json).description, to: "network.json")
  }

  static func mac(_ index: Int) -> String { "52:54:00:00:00:0\(index + 2)" }

  func card(_ name: String) -> String { Self.path(fleet, name, "card") }
  func switchEnd(_ name: String) -> String { Self.path(fleet, name, "switch") }
  var control: String { Self.path(fleet, "", "control") }

  private static func path(_ fleet: Fleet, _ name: String, _ end: String) -> String {
    "\(fleet.folder)/\(name).\(end)"
  }

  /// Starts the switch, and returns when it takes frames.
  func startSwitch() async throws -> Program {
    let command = "exec \"$0\" switch run network.json --ready-fd 3 3>&1"
    let program = try Program(
      "/bin/sh", ["-c", command, Fleet.binary], environment: fleet.environment, directory: fleet.folder)
    #expect(try await program.read(until: "\n") == "ok\n")
    return program
  }

  /// Ends the switch as an init system does.
  func end(_ program: Program) async throws {
    program.signal(SIGTERM)
    let outcome = try await program.end()
    #expect(outcome.status == .code(0), "\(outcome.errors)")
    #expect(outcome.errors.isEmpty)
    for path in names.map(switchEnd) + [control] { #expect(!FileSystem.exists(path)) }
  }

  /// What the switch tells of itself.
  func report() async throws -> JSONValue {
    let stream = try ByteStream(connectingTo: control)
    return try JSONValue(parsing: Array(try await stream.readToEnd().utf8))
  }

  /// What it tells of one port.
  func report(of name: String) async throws -> JSONValue {
    try #require(try await report()["ports"]?.array?.first { $0["name"]?.string == name })
  }
}
