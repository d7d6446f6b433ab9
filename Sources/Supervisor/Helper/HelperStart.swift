internal import Control
internal import Glibc
internal import Host
internal import Machine

/// The start of a helper with the lock of its folder in its hands, to be run on the lane of its files.
struct HelperStart: Sendable {
  let declaration: HelperDeclaration

  /// How long a lock is looked at again that somebody has: another's child between its fork and its exec has a copy.
  private static let patience = Duration.seconds(1)

  /// Why there is no process, for a person.
  struct Failure: Error {
    let words: String
  }

  /// Starts it; it blocks.
  func run() throws(Failure) -> StartedHelper {
    do throws(SystemError) {
      if let started = try start() { return started }
    } catch {
      throw Failure(words: "\(error)")
    }
    let holder = LockHolder.describeAny(of: declaration.lock)
    throw Failure(words: "\(holder) holds its lock \(declaration.lock)")
  }

  /// Nil where somebody else has the lock.
  private func start() throws(SystemError) -> StartedHelper? {
    try FileSystem.makeDirectory(declaration.folder)
    guard let locked = try LockedStart(declaration.lock, within: Self.patience) else { return nil }
    try writeFiles()
    // What an earlier one has left there says nothing of this one.
    if case .path(let path) = declaration.readiness { try FileSystem.remove(path) }
    let log = try FileDescriptor.openLog(declaration.log)
    // Optimized, it would be closed after its last mention, which is before the child has it.
    defer { withExtendedLifetime(log) {} }
    let logStart = FileSystem.size(of: declaration.log)
    var launch = ChildProcess.Launch(
      program: declaration.program, arguments: declaration.arguments,
      environment: ChildEnvironment.forQEMU)
    launch.descriptors = [1: log.rawValue, 2: log.rawValue]
    var listener: Listener?
    if let path = declaration.socket { listener = try Listener(path) }
    defer { withExtendedLifetime(listener) {} }
    launch.descriptors[DeviceHelper.socketDescriptor] = listener?.socket.rawValue
    launch.directory = "/"
    guard case .line(let descriptor) = declaration.readiness else {
      return StartedHelper(process: try locked.spawn(launch), logStart: logStart, word: nil)
    }
    let pipe = try FileDescriptor.pipe()
    launch.descriptors[descriptor] = pipe.writeEnd.rawValue
    let process = try locked.spawn(launch)
    return StartedHelper(
      process: process, logStart: logStart, word: PassedDescriptor(pipe.takeReadEnd()))
  }

  /// The socket that it is handed, held until it has it.
  private final class Listener {
    let socket: FileDescriptor

    init(_ path: String) throws(SystemError) {
      // QEMU connects by its path.
      socket = try UnixSocket.listen(at: path)
      let number = socket.rawValue
      // virtiofsd waits in accept(2) for its one client.
      _ = try retrying("fcntl", path) { fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK) }
    }
  }

  /// Nobody reads them but one that is started; those of an earlier start are in nobody's way any more.
  private func writeFiles() throws(SystemError) {
    let names = Set(declaration.files.map(\.name))
    let endings = Set(names.map(Self.ending))
    for name in try FileSystem.names(in: declaration.folder)
    where !names.contains(name) && endings.contains(Self.ending(name)) {
      try FileSystem.remove(declaration.folder + "/" + name)
    }
    for file in declaration.files {
      try FileSystem.replace(declaration.folder + "/" + file.name, with: file.bytes, durable: false)
    }
  }

  private static func ending(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }
}

/// A helper that has just been started, on its way to its owner.
final class StartedHelper: Sendable {
  let process: ChildProcess

  /// Where its words begin in its log, in bytes.
  let logStart: Int64

  /// What tells whether it is ready, if it says so itself.
  let word: PassedDescriptor?

  init(process: ChildProcess, logStart: Int64, word: PassedDescriptor?) {
    (self.process, self.logStart, self.word) = (process, logStart, word)
  }

  /// Ends it before anybody has used it; returns when it has ended.
  func undo() async {
    let process = process
    await offQueue {
      // The kernel may have refused the signal.
      repeat { process.signal(Signal.kill) } while process.wait(until: .now + .seconds(1)) == nil
    }
  }
}
