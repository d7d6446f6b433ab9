internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import Supervisor

/// `qemuvm supervisor stop`: ends the supervisor and leaves guests running.
struct SupervisorStop: Verb {
  static let name = "supervisor stop"
  static let group = VerbGroup.supervisor
  static let summary = "End the supervisor; guests go on"
  static let discussion = [
    "The next command starts another, which takes the running guests back. A supervisor that does not answer is sent "
      + "SIGTERM, which does the same."
  ]
  static let examples = ["qemuvm supervisor stop"]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .deadline, .noSupervisor]

  /// How long a supervisor may take to leave.
  private static let patience: Duration = .seconds(10)

  init(_ given: GivenArguments) {}

  func run(_ context: Context) throws -> ExitCode {
    let process: ChildProcess
    do {
      process = try askToLeave(try SupervisorConnector(context: context).connectToRunning())
    } catch {
      guard let holder = try Self.holder(context.locations.supervisorLock) else { throw error }
      holder.signal(SIGTERM)
      process = holder
    }
    guard process.wait(until: .now + Self.patience) != nil else {
      throw CommandFailure(
        .deadline, nil,
        "the supervisor (PID \(process.pid)) has not left within \(TimeText.text(Self.patience))",
        hints: ["'kill -KILL \(process.pid)' ends it and leaves guests running."])
    }
    return .done
  }

  /// The process that was asked, held before, so that its end is seen and its PID is nobody else's.
  private func askToLeave(_ client: ControlClient) throws -> ChildProcess {
    let reply = try client.perform(.querySupervisor, deadline: Query.deadline)
    guard let pid = reply["pid"]?.int.flatMap(Int32.init(exactly:)) else {
      throw CommandFailure(.failed, nil, "the supervisor does not tell its PID")
    }
    let process = try ChildProcess(adopting: pid)
    _ = try client.perform(.quit, deadline: Query.deadline)
    return process
  }

  /// The process that holds the supervisor's lock, proven to after it was taken hold of.
  private static func holder(_ lock: String) throws(SystemError) -> ChildProcess? {
    guard let pid = ProcessLock.holder(lock) else { return nil }
    let process = try ChildProcess(adopting: pid)
    return ProcessLock.holder(lock) == pid ? process : nil
  }
}
