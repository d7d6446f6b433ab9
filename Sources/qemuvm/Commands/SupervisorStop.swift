internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import QMP

/// `qemuvm supervisor stop`: ends the supervisor and leaves guests running.
struct SupervisorStop: Verb {
  static let name = "supervisor stop"
  static let group = VerbGroup.supervisor
  static let farPart = FarPart.wholeVerb
  static let summary = "End the supervisor; guests go on, or with --guests come down first"
  static let discussion = [
    "The next command starts another, which takes the running guests back. A supervisor that does not answer is sent "
      + "SIGTERM, which does the same.",
    "With --guests every guest is asked to power off first, as by 'qemuvm stop', and stays wanted: it starts again at "
      + "the host's next boot, by 'qemuvm start', or all of them by 'qemuvm start --wanted', and nothing is restarted "
      + "before. It is for the time before the host goes down; --stop-timeout is what all of them together may take, and "
      + "what is there still is then ended as by 'qemuvm stop'.",
  ]
  static let examples = ["qemuvm supervisor stop", "qemuvm supervisor stop --guests --stop-timeout 2m"]
  static let options: [any DeclaredOption] = [guests, stopTimeout, CommonOptions.timeout]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .deadline, .noSupervisor]

  /// How long a supervisor may take to leave.
  private static let patience: Duration = .seconds(10)

  private static let guests = Flag("guests", help: "Bring every guest down first; each stays wanted.")

  private static let stopTimeout = ValueOption(
    "stop-timeout", "T", .duration,
    help: "How long all guests together may take to power off (default: each its own, 60s).")

  private let endsGuests: Bool
  private let stopTimeout: Duration?
  private let timeout: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    endsGuests = given[Self.guests]
    stopTimeout = given[Self.stopTimeout]
    timeout = given[CommonOptions.timeout]
    if stopTimeout != nil, !endsGuests {
      throw UsageError(.combination("--stop-timeout is for guests, and needs --guests"), verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    if endsGuests {
      try endGuests(context)
      return .done
    }
    let process: ChildProcess
    do {
      process = try askToLeave(try SupervisorConnector(context: context).connectToRunning())
    } catch {
      guard let holder = try Self.holder(context.locations.supervisorLock) else { throw error }
      do throws(SystemError) {
        try holder.send(SIGTERM)
      } catch {
        throw CommandFailure(
          .failed, nil, "the supervisor (PID \(holder.pid)) cannot be sent SIGTERM: \(error.reason)")
      }
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

  /// Has the guests brought down, and tells of each until the supervisor has left.
  private func endGuests(_ context: Context) throws {
    let deadline = timeout.map { context.began + $0 }
    let client = try SupervisorConnector(context: context, deadline: deadline).connectToRunning()
    let process = try askToLeave(client, guests: true)
    // Whether the guests are down, and whether it is on file that they are.
    var (areDown, isRecorded) = (false, false)
    // Without a message the supervisor has gone, or the time is over.
    while let message = try? client.next(until: deadline) {
      guard case .event(let event) = message else { continue }
      if event.name == ControlServer.guestsDownEvent {
        (areDown, isRecorded) = (true, event.data["recorded"]?.bool == true)
      }
      guard let told = VMEvent(event) else { continue }
      switch told {
      case .message(let name, let words, let gaveUp):
        context.diagnostics.note("\(name): \(Printable.line(words))\n")
        if gaveUp {
          throw CommandFailure(
            .deadline, "\(name)", "its QEMU has not ended, and the supervisor stays with it",
            hints: ["It leaves by itself when that QEMU is gone; 'qemuvm status \(name)' shows it."])
        }
      case .changed(let vm) where vm.state.known == .stopping || vm.state.known == .stopped:
        context.diagnostics.note("\(vm.name): \(vm.state.text)\n")
      case .changed, .removed: continue
      }
    }
    guard process.wait(until: deadline ?? .now + Self.patience) != nil else {
      throw CommandFailure(
        .deadline, nil, "guests are still on their way down",
        hints: ["It goes on by itself; 'qemuvm ls' shows them, and 'qemuvm kill' ends one at once."])
    }
    guard areDown else {
      throw CommandFailure(
        .noSupervisor, nil, "the supervisor left before its guests were down",
        hints: ["'qemuvm ls' shows them; give the command again to bring them down."])
    }
    guard isRecorded else {
      throw CommandFailure(
        .failed, nil, "the guests are down, and that could not be recorded",
        hints: ["The next command may start them again; \(context.locations.supervisorLog) tells why."])
    }
  }

  /// The process that was asked, held before, so that its end is seen and its PID is nobody else's.
  private func askToLeave(_ client: ControlClient, guests: Bool = false) throws -> ChildProcess {
    let reply = try client.perform(.querySupervisor, deadline: Query.deadline)
    let process = try ChildProcess(adopting: try SupervisorReport(json: reply).pid)
    _ = try client.perform(
      .quit(guests: guests, timeout: guests ? stopTimeout : nil), deadline: Query.deadline)
    return process
  }

  /// The process that holds the supervisor's lock, proven to after it was taken hold of.
  private static func holder(_ lock: String) throws(SystemError) -> ChildProcess? {
    guard let pid = ProcessLock.holder(lock) else { return nil }
    let process = try ChildProcess(adopting: pid)
    return ProcessLock.holder(lock) == pid ? process : nil
  }
}
