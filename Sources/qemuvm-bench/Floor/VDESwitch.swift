internal import Glibc
internal import Host

/// The switch of the vde2 package with a folder for its sockets.
final class VDESwitch {
  private let process: ChildProcess
  let folder: String

  /// Nil where it is not installed.
  init?(in root: String) throws {
    let path = ChildProcess.environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
    let candidates = path.split(separator: ":").map { "\($0)/vde_switch" }
    guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else { return nil }
    folder = root + "/vde"
    let pidFile = root + "/vde.pid"
    let launch = ChildProcess.Launch(
      program: program, arguments: ["-s", folder, "-m", "0600", "-d", "-p", pidFile])
    let status = try ChildProcess(launch).wait()
    // It goes into the background when it listens, and writes its number a moment later.
    var pid: Int32?
    for _ in 0..<5000 where pid == nil {
      let text = try FileSystem.readIfPresent(pidFile) ?? []
      if text.last == UInt8(ascii: "\n") { pid = Int32(String(decoding: text.dropLast(), as: UTF8.self)) }
      if pid == nil { usleep(1000) }
    }
    guard status == .code(0), let pid else { throw MeasurementFailure("vde_switch ended with \(status)") }
    process = try ChildProcess(adopting: pid)
  }

  func end() {
    process.signal(SIGTERM)
    _ = process.wait(until: .now + .seconds(5))
  }
}
