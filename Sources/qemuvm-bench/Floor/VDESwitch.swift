internal import Glibc
internal import Host

/// The switch of the vde2 package with a folder for its sockets.
final class VDESwitch {
  private let process: ChildProcess

  /// It ends when nobody holds this end.
  private let input: FileDescriptor
  let folder: String

  /// Nil where it is not installed.
  init?(in root: String) throws {
    let path = ChildProcess.environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
    let candidates = path.split(separator: ":").map { "\($0)/vde_switch" }
    guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
    folder = root + "/vde"
    let input = try FileDescriptor.pipe()
    let output = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: program, arguments: ["-s", folder, "-m", "0600"])
    launch.descriptors = [0: input.readEnd.rawValue, 1: output.writeEnd.rawValue]
    process = try ChildProcess(launch)
    self.input = try input.writeEnd.duplicate()
    // It prompts when it listens.
    _ = try output.readEnd.read(upTo: 64)
  }

  func end() {
    process.signal(SIGTERM)
    _ = process.wait()
  }
}
