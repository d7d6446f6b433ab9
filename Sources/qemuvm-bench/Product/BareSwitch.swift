internal import Glibc
internal import Host
internal import JSON

/// `qemuvm switch run` with two ports, started without a supervisor.
final class BareSwitch {
  private let process: ChildProcess
  private let folder: String
  var pid: Int32 { process.pid }

  init(_ workshop: Workshop) throws {
    let folder = workshop.runtime + "/switch"
    self.folder = folder
    try FileSystem.makeDirectory(folder)
    let ports: [JSONValue] = (0..<2).map { port in
      [
        "name": "guest-\(port)", "mac": "52:54:00:00:00:0\(port)", "address": "10.9.0.\(port + 10)",
        "switch": .string(Self.path(folder, port, "switch")),
        "card": .string(Self.path(folder, port, "card")),
      ]
    }
    let definition: JSONValue = [
      "name": "bench", "subnet": "10.9.0.0/24", "address": "10.9.0.1", "domain": "bench",
      "ports": .array(ports),
    ]
    let file = folder + "/definition.json"
    try FileSystem.replace(file, with: Array(definition.description.utf8), durable: false)
    let ready = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: workshop.program, arguments: ["switch", "run", file, "--ready-fd", "3"])
    launch.descriptors = [2: STDERR_FILENO, 3: ready.writeEnd.rawValue]
    process = try ChildProcess(launch)
    let words = String(decoding: try ready.takeReadEnd().read(upTo: 64), as: UTF8.self)
    guard words == "ok\n" else { throw MeasurementFailure("the switch does not run: \(words)") }
  }

  func card(_ port: Int) -> String { Self.path(folder, port, "card") }
  func switchPath(_ port: Int) -> String { Self.path(folder, port, "switch") }

  private static func path(_ folder: String, _ port: Int, _ end: String) -> String {
    "\(folder)/\(port).\(end)"
  }

  func end() {
    process.signal(SIGTERM)
    _ = process.wait()
  }
}
