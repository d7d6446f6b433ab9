internal import Glibc
internal import Host

/// A QEMU without a machine and with two monitors: one for the floor, one for qemuvm's client.
final class EmptyQEMU {
  private let process: ChildProcess
  private let folder: String

  init(_ workshop: Workshop) throws {
    folder = workshop.root + "/empty"
    try FileSystem.makeDirectory(folder)
    guard let lock = try FileLock.take(folder + "/lock") else {
      throw MeasurementFailure("\(folder) is in use by another QEMU")
    }
    let first = try UnixSocket.listen(at: folder + "/first.sock")
    let second = try UnixSocket.listen(at: folder + "/second.sock")
    var launch = ChildProcess.Launch(
      program: "/usr/bin/env",
      arguments: [
        Self.program, "-M", "none", "-nodefaults", "-no-user-config", "-display", "none",
        "-chardev", "socket,id=first,fd=4,server=on,wait=off", "-mon", "chardev=first,mode=control",
        "-chardev", "socket,id=second,fd=5,server=on,wait=off", "-mon", "chardev=second,mode=control",
      ])
    launch.descriptors = [
      Workshop.lockDescriptor: lock.descriptor.rawValue, 4: first.rawValue, 5: second.rawValue,
    ]
    process = try ChildProcess(launch)
  }

  /// The first monitor, negotiated.
  func bareMonitor() throws -> BareMonitor {
    let monitor = try BareMonitor(connectingTo: folder + "/first.sock")
    try monitor.line(with: "\"QMP\"")
    try monitor.send("{\"execute\":\"qmp_capabilities\"}\n")
    try monitor.line(with: "\"return\"")
    return monitor
  }

  /// A connection to the second monitor.
  func connect() throws -> FileDescriptor {
    try UnixSocket.connect(to: folder + "/second.sock")
  }

  func end() {
    process.signal(SIGKILL)
    _ = process.wait()
  }

  /// As qemuvm looks for it.
  private static var program: String {
    guard let named = getenv("QEMUVM_QEMU") else { return "qemu-system-x86_64" }
    return String(cString: named)
  }
}
