internal import Control
internal import Glibc
internal import Host
internal import Machine

/// The start of a VM's QEMU with the VM's lock in its hands, to be run on the lane of its files.
struct ProcessStart: Sendable {
  let launch: Launch
  let folder: VMFolder

  /// The sockets that users are offered of a process; nil when nobody is left who would serve them.
  let sockets: @Sendable (Int32) -> SocketOffer?

  /// Starts it; nil when somebody else has the lock.
  ///
  /// It blocks: on the state folder, and on the file system that the program lies on.
  func run() throws(SystemError) -> StartedProcess? {
    // Nothing that QEMU says is older.
    let begun = Timestamp.now
    guard let locked = try LockedStart(folder.lock) else { return nil }
    let listener = try UnixSocket.listen(at: folder.monitorSocket, .forOurselves)
    let userMonitor = try UnixSocket.listen(at: folder.userMonitorSocket, .forOurselves)
    let monitorPlace = try UnixSocket.pathDescriptor(of: folder.monitorSocket)
    let userMonitorPlace = try UnixSocket.pathDescriptor(of: folder.userMonitorSocket)
    let serialPorts = try serialSockets(launch.machine.serialPorts)
    // Optimized, they would be closed after their last mention, which is before QEMU has them.
    defer { withExtendedLifetime(serialPorts) {} }
    let log = try FileDescriptor.openLog(folder.qemuLog)
    var child = ChildProcess.Launch(
      program: launch.program, arguments: launch.arguments, environment: ChildEnvironment.forQEMU)
    child.descriptors = [
      1: log.rawValue, 2: log.rawValue,
      Launch.monitorDescriptor: listener.rawValue, Launch.userMonitorDescriptor: userMonitor.rawValue,
      Launch.monitorPlace: monitorPlace.rawValue, Launch.userMonitorPlace: userMonitorPlace.rawValue,
    ]
    for (number, socket) in serialPorts { child.descriptors[number] = socket.descriptor.rawValue }
    child.directory = "/"
    let logStart = FileSystem.size(of: folder.qemuLog)
    let consoleStart = FileSystem.size(of: folder.consoleLog)
    let process = try locked.spawn(child)
    // Whoever hears of the start finds them.
    let offered = sockets(process.pid)?.perform()
    return StartedProcess(
      process: process, begun: begun, logStart: logStart, consoleStart: consoleStart,
      listener: PassedDescriptor(listener),
      monitor: MonitorCall(pid: process.pid, path: nil, folder: folder).perform(), sockets: offered)
  }

  /// A listening socket for each serial port and that socket's place, by the child's descriptors.
  private func serialSockets(_ count: Int) throws(SystemError) -> [Int32: SharedDescriptor] {
    var sockets: [Int32: SharedDescriptor] = [:]
    for (index, port) in Launch.serialPorts.prefix(count).enumerated() {
      let path = folder.serialSocket(index + 1)
      sockets[port.descriptor] = SharedDescriptor(try UnixSocket.listen(at: path, .forOurselves))
      sockets[port.place] = SharedDescriptor(try UnixSocket.pathDescriptor(of: path))
    }
    return sockets
  }

  /// A descriptor that can stand in a collection.
  private final class SharedDescriptor {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }
}

/// A QEMU that has just been started, on its way to its VM.
final class StartedProcess: Sendable {
  let process: ChildProcess

  /// When its start began.
  let begun: Timestamp

  /// Where its words begin in QEMU's log and in the console's, in bytes.
  let logStart: Int64
  let consoleStart: Int64

  /// Our end of the monitor's listening socket, and our connection to it.
  let listener: PassedDescriptor
  let monitor: MonitorCall.Answer

  /// The sockets for users.
  let sockets: SocketOffer.Outcome?

  init(
    process: ChildProcess, begun: Timestamp, logStart: Int64, consoleStart: Int64,
    listener: PassedDescriptor, monitor: MonitorCall.Answer, sockets: SocketOffer.Outcome?
  ) {
    self.process = process
    self.begun = begun
    self.logStart = logStart
    self.consoleStart = consoleStart
    self.listener = listener
    self.monitor = monitor
    self.sockets = sockets
  }

  /// Ends it before it has let its guest run; returns when it has ended.
  func undo() async {
    let process = process
    await offQueue {
      // The kernel may have refused the signal.
      repeat { process.signal(SIGKILL) } while process.wait(until: .now + .seconds(1)) == nil
    }
  }
}
