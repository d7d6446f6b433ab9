import Glibc
import Host
import QMP

/// A QEMU without a guest, its monitor listened on before it starts and passed by descriptor.
struct RealQEMU {
  let process: ChildProcess
  let connection: QMPConnection
  private let path: String

  init(
    _ arguments: [String] = ["-M", "none"], executor: QueueExecutor = QueueExecutor(label: "qemu")
  ) throws {
    path = "\(Self.directory)/qmp-test-\(getpid())-\(Counter.next()).sock"
    let listener = try UnixSocket.listen(at: path)
    connection = QMPConnection(try UnixSocket.connect(to: path), executor: executor)
    var launch = ChildProcess.Launch(
      program: try Self.program(),
      arguments: arguments + [
        "-nodefaults", "-no-user-config", "-display", "none", "-S",
        "-chardev", "socket,id=mon,fd=3,server=on,wait=off", "-mon", "chardev=mon,mode=control",
      ])
    launch.descriptors = [3: listener.rawValue]
    process = try ChildProcess(launch)
  }

  /// Another client of the same monitor, which takes one at a time.
  func connect(firstID: Int) throws -> QMPConnection {
    QMPConnection(try UnixSocket.connect(to: path), executor: connection.executor, firstID: firstID)
  }

  /// Ends it the hard way if it is still there, and reaps it.
  @discardableResult
  func end() -> ExitStatus {
    process.signal(SIGKILL)
    unlink(path)
    return process.wait()
  }

  private static var directory: String { environment("TMPDIR") ?? "/tmp" }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private struct NoQEMU: Error, CustomStringConvertible {
    var description: String { "these tests need qemu-system-x86_64: in PATH, or named by QEMUVM_QEMU" }
  }

  private static func program() throws -> String {
    if let named = environment("QEMUVM_QEMU") { return named }
    for folder in (environment("PATH") ?? "").split(separator: ":") {
      let candidate = "\(folder)/qemu-system-x86_64"
      if access(candidate, X_OK) == 0 { return candidate }
    }
    throw NoQEMU()
  }
}
