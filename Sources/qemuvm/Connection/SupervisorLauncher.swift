internal import Glibc
internal import Host
internal import Machine
internal import Supervisor

/// Starts a supervisor in the background and waits until it listens.
struct SupervisorLauncher {
  /// How long a supervisor may take to find its guests again and listen.
  private static let patience: Duration = .seconds(30)

  /// How much of its log a failure shows, in bytes.
  private static let logTail = 1024

  let context: Context

  /// Returns when it listens; throws what it said instead.
  func launch() throws {
    let log = try openLog()
    let pipe = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: Self.program, arguments: ["supervisor", "run", "--ready-fd", "3"], environment: environment)
    launch.descriptors = [1: log.rawValue, 2: log.rawValue, 3: pipe.writeEnd.rawValue]
    launch.directory = "/"
    let child: ChildProcess
    do throws(SystemError) {
      child = try ChildProcess(launch)
    } catch {
      throw CommandFailure(.noSupervisor, nil, "the supervisor cannot be started: \(error)")
    }
    let answers = pipe.takeReadEnd()
    let answer = try Self.firstLine(of: answers)
    guard answer != "ok" else { return }
    throw failure(answer, child)
  }

  /// This program by its path, so that the supervisor has its name; by the kernel's link when the file was replaced.
  private static var program: String {
    let link = "/proc/self/exe"
    guard let path = FileSystem.linkTarget(link), FileSystem.exists(path) else { return link }
    return path
  }

  /// Ours, with the folders as absolute paths: the supervisor's working directory is another.
  private var environment: [String] {
    var values = context.environment
    values["QEMUVM_STATE_DIR"] = context.locations.state
    values["QEMUVM_RUNTIME_DIR"] = context.locations.runtime
    values["QEMUVM_CONFIG_DIR"] = context.locations.configuration
    if let emulator = values["QEMUVM_QEMU"], emulator.contains("/") {
      values["QEMUVM_QEMU"] = context.absolute(emulator)
    }
    return values.map { "\($0.key)=\($0.value)" }
  }

  private func openLog() throws -> FileDescriptor {
    let path = context.locations.supervisorLog
    do throws(SystemError) {
      return try FileDescriptor.open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW)
    } catch {
      throw CommandFailure(.failed, path, "the supervisor's log cannot be written: \(error.reason)")
    }
  }

  /// What the supervisor says first, without its end of line; empty when it ends without a word, nil when it is
  /// silent for too long.
  private static func firstLine(of pipe: borrowing FileDescriptor) throws(SystemError) -> String? {
    let deadline = Instant.now + patience
    var line: [UInt8] = []
    while true {
      let left = (deadline - .now).nanoseconds / 1_000_000
      var poller = pollfd(fd: pipe.rawValue, events: Int16(POLLIN), revents: 0)
      let ready = try retrying("poll") { poll(&poller, 1, Int32(max(0, left))) }
      guard ready > 0 else { return nil }
      let bytes = try pipe.read(upTo: 4096)
      line += bytes
      if bytes.isEmpty || line.last == UInt8(ascii: "\n") {
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
      }
    }
  }

  private func failure(_ answer: String?, _ child: ChildProcess) -> CommandFailure {
    let log = context.locations.supervisorLog
    guard let answer else {
      return CommandFailure(
        .noSupervisor, nil,
        "the supervisor (PID \(child.pid)) did not listen within \(TimeText.text(Self.patience))",
        hints: ["\(log) tells what it does."])
    }
    let prefix = "error: "
    guard !answer.hasPrefix(prefix) else {
      return CommandFailure(.failed, nil, String(answer.dropFirst(prefix.count)))
    }
    let end =
      switch child.wait() {
      case .code(let code): "ended with code \(code)"
      case .signal(let signal): "died of signal \(signal)"
      case .unknown: "ended"
      }
    return CommandFailure(
      .noSupervisor, nil, "the supervisor \(end) before it listened", hints: ["Its log, \(log), ends:"] + tail(log))
  }

  private func tail(_ path: String) -> [String] {
    // A log that cannot be read has nothing to add to the failure.
    guard let bytes = try? FileSystem.tail(path, bytes: Self.logTail) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(5).map(String.init)
  }
}
