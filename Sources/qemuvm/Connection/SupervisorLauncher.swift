internal import Control
internal import Glibc
internal import Host
internal import Machine

/// Starts a supervisor in the background and waits until it listens.
struct SupervisorLauncher {
  /// How long a supervisor may take to find its guests again and listen.
  static let patience: Duration = .seconds(30)

  /// How long one that has closed its end of the pipe may take to be gone.
  private static let timeToEnd: Duration = .seconds(2)

  /// How many lines of its log a failure shows.
  private static let logLines = 5

  let context: Context

  /// True when it listens, false when another has come first or has sent it away, or it says nothing; throws what it
  /// said instead.
  func launch(within limit: Instant) throws -> Bool {
    let log = try openLog()
    let logStart = try log.size() - log.dataStart()
    let pipe = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: Self.program, arguments: ["supervisor", "run", SupervisorStart.option, "3"],
      environment: environment)
    launch.descriptors = [1: log.rawValue, 2: log.rawValue, 3: pipe.writeEnd.rawValue]
    launch.directory = "/"
    let child: ChildProcess
    do throws(SystemError) {
      child = try ChildProcess(launch)
    } catch {
      throw CommandFailure(.noSupervisor, nil, "the supervisor cannot be started: \(error)")
    }
    let answers = pipe.takeReadEnd()
    guard let words = try Self.firstWords(of: answers, until: limit) else {
      throw CommandFailure(
        .noSupervisor, nil,
        "the supervisor (PID \(child.pid)) does not listen yet: it has not answered in time",
        hints: ["\(context.locations.supervisorLog) tells what it does."])
    }
    switch SupervisorStart(words) {
    case .listening: return true
    case .taken: return false
    // Why it refuses to run here; it says so itself, for its log may be what cannot be written.
    case .refused(let reason): throw CommandFailure(.noSupervisor, nil, reason)
    case nil:
      // One that lives and says nothing is asked where it listens.
      guard let end = child.wait(until: min(limit, .now + Self.timeToEnd)) else { return false }
      // One that an init system has started takes its place.
      if end == .signal(SIGTERM) { return false }
      throw failure(end, logStart: logStart)
    }
  }

  /// This program by its path, so that the supervisor has its name; by the kernel's link when the file was replaced.
  static var program: String {
    let link = "/proc/self/exe"
    guard let path = FileSystem.linkTarget(link), FileSystem.exists(path) else { return link }
    return path
  }

  /// What it needs of ours, with the folders as absolute paths: the supervisor's working directory is another.
  private var environment: [String] {
    var values = ChildEnvironment.forSupervisor(from: context.environment)
    values["QEMUVM_STATE_DIR"] = context.locations.state
    values["QEMUVM_RUNTIME_DIR"] = context.locations.runtime
    values["QEMUVM_CONFIG_DIR"] = context.locations.configuration
    values["QEMUVM_QEMU"] = context.emulator
    return values.map { "\($0.key)=\($0.value)" }
  }

  private func openLog() throws -> FileDescriptor {
    let path = context.locations.supervisorLog
    do throws(SystemError) {
      return try FileDescriptor.open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW)
    } catch {
      throw CommandFailure(
        .noSupervisor, path, "the supervisor's log cannot be written: \(error.reason)")
    }
  }

  /// What the supervisor says first; empty when it ends without a word, nil when it is silent for too long.
  private static func firstWords(
    of pipe: borrowing FileDescriptor, until deadline: Instant
  ) throws(SystemError) -> [UInt8]? {
    var words: [UInt8] = []
    while true {
      let left = (deadline - .now).nanoseconds / 1_000_000
      var poller = pollfd(fd: pipe.rawValue, events: Int16(POLLIN), revents: 0)
      let ready = try retrying("poll") { poll(&poller, 1, Int32(max(0, left))) }
      guard ready > 0 else { return nil }
      let bytes = try pipe.read(upTo: 4096)
      words += bytes
      if bytes.isEmpty || words.last == UInt8(ascii: "\n") { return words }
    }
  }

  private func failure(_ status: ExitStatus, logStart: Int64) -> CommandFailure {
    let log = context.locations.supervisorLog
    let end =
      switch status {
      case .code(let code): "ended with code \(code)"
      case .signal(let signal): "died of signal \(signal)"
      case .unknown: "ended"
      }
    return CommandFailure(
      .noSupervisor, nil, "the supervisor \(end) before it listened",
      hints: ["Its log is \(log)."] + wordsOfLog(log, from: logStart))
  }

  /// The last lines that the supervisor wrote.
  private func wordsOfLog(_ path: String, from start: Int64) -> [String] {
    var log = GrowingLog(path, from: start)
    var bytes: [UInt8] = []
    // A log that cannot be read has nothing to add to the failure.
    try? log.readOn { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(Self.logLines).map(
      String.init)
  }
}
