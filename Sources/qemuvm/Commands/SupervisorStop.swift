internal import Control
internal import Host
internal import JSON

/// `qemuvm supervisor stop`: ends the supervisor and leaves guests running.
struct SupervisorStop: Verb {
  static let name = "supervisor stop"
  static let group = VerbGroup.supervisor
  static let summary = "End the supervisor; guests go on"
  static let discussion = ["The next command starts another, which takes the running guests back."]
  static let examples = ["qemuvm supervisor stop"]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  init(_ given: GivenArguments) {}

  func run(_ context: Context) async throws -> ExitCode {
    let client = try await SupervisorConnector(context: context).connectToRunning()
    let reply = try await client.perform(.querySupervisor, deadline: Query.deadline)
    // Held before it is asked to leave, so that its end is seen and its PID is nobody else's.
    let process = try reply["pid"]?.int.flatMap(Int32.init(exactly:)).map(ChildProcess.init(adopting:))
    _ = try await client.perform(.quit, deadline: Query.deadline)
    if let process { _ = await offQueue { process.wait() } }
    return .done
  }
}
