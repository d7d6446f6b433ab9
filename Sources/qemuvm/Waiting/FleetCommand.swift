internal import Control
internal import Host
internal import JSON

/// What is asked for several VMs at the same time, followed until each has come to its goal or failed.
struct FleetCommand: Sendable {
  /// What is asked for one VM.
  struct Order: Sendable {
    /// The VM as the person named it.
    let label: String
    let goal: Goal

    /// Whether a VM that the supervisor does not know has reached the goal already.
    var isUnknownFine = false

    /// How what an edit changes is told: by when it counts; nil where it was told already.
    var edit: UpPlan.Way? = .later
  }

  /// One request, for one VM or for several.
  struct Command: Sendable {
    let request: ControlRequest
    let orders: [Order]

    /// Whether the reply tells of several VMs.
    let isForSeveral: Bool

    init(_ request: ControlRequest, _ order: Order) {
      (self.request, orders, isForSeveral) = (request, [order], false)
    }

    init(_ request: ControlRequest, forSeveral orders: [Order]) {
      (self.request, self.orders, isForSeveral) = (request, orders, true)
    }
  }

  /// How it ended: the exit code, and the replies of the VMs that came to their goal, in the orders' order.
  struct Result: Sendable {
    let code: ExitCode
    let replies: [JSONValue]

    /// The failures, by the VM's place among the orders.
    let failures: [Int: CommandFailure]

    /// What each VM is called, as far as the supervisor has told, in the orders' order.
    let labels: [String]
  }

  let commands: [Command]

  /// How long the whole may take, from the command's beginning, as the person said; nil where nothing was said.
  let timeout: Duration?

  /// How long it may take then; nil is without end.
  let patience: Duration?
  let context: Context

  /// Whether only what goes wrong is told.
  var isQuiet = false

  /// Sends all requests, then follows what comes of them.
  ///
  /// What a supervisor on its way out has not begun goes to the next one. Throws what was refused for all at once.
  func run() throws -> Result {
    var course = FleetCourse(commands, context, isQuiet: isQuiet)
    let connector = SupervisorConnector(context: context, deadline: timeout.map { context.began + $0 })
    // Of a fleet of hundreds, what is told of others need not be read.
    let subscription = Subscription(vms: .named(Set(commands.flatMap(\.orders).map(\.label))))
    var client = try connector.connect()
    var isSubscribed = false
    let limit = timeout ?? patience
    let deadline = connector.deadline ?? limit.map { Instant.now + $0 }
    var round = 1
    while true {
      do throws(ControlError) {
        if !isSubscribed { _ = try client.send(.subscribe(subscription)) }
        isSubscribed = true
        for index in course.takeUnsent() { course.sent(try client.send(commands[index].request), index) }
        while !course.isOver {
          let due = [deadline, .now + context.patience.news].compactMap { $0 }.min()
          if let message = try client.next(until: due) {
            course.take(message)
          } else if let deadline, .now >= deadline {
            course.endTime(after: limit ?? .zero)
          } else {
            // Whoever has nothing to tell still answers; one that hangs would be waited for without end.
            _ = try client.send(.querySupervisor)
            let due = [deadline, .now + context.patience.answer].compactMap { $0 }.min()
            if let message = try client.next(until: due) {
              course.take(message)
            } else if deadline.map({ .now < $0 }) ?? true {
              throw silence
            }
          }
        }
      } catch {
        course.loseSupervisor(error, isRepeating: round < SupervisorConnector.rounds)
      }
      guard !course.isOver else { return try conclude(course) }
      client = try connector.connect()
      isSubscribed = false
      round += 1
    }
  }

  /// What is said of a supervisor that does not even say that it is there.
  private var silence: ControlError {
    .silent(
      command: commands[0].request.commandName, for: context.patience.news + context.patience.answer)
  }

  private func conclude(_ course: FleetCourse) throws(CommandFailure) -> Result {
    if let refusal = course.refusal { throw refusal }
    var failures: [Int: CommandFailure] = [:]
    for (index, wait) in course.waits.enumerated() {
      if case .failed(let failure) = wait.outcome { failures[index] = failure }
    }
    let labels = course.waits.map(\.label)
    if course.waits.count > 1, !failures.isEmpty {
      let failed = failures.keys.sorted().map { labels[$0] }.joined(separator: ", ")
      context.diagnostics.note("qemuvm: \(failures.count) of \(course.waits.count) VMs failed: \(failed)\n")
    }
    return Result(
      code: Self.code(course.waits.map(\.outcome)), replies: course.repliesOfReached, failures: failures,
      labels: labels)
  }

  /// The exit code of several outcomes: one VM's own, and of several VMs that one of them failed.
  static func code(_ outcomes: [VMWait.Outcome?]) -> ExitCode {
    let codes = outcomes.compactMap { outcome -> ExitCode? in
      if case .failed(let failure) = outcome { failure.code } else { nil }
    }
    guard let first = codes.first else { return .done }
    if outcomes.count == 1 { return first }
    // A deadline and a supervisor that left concern the command as a whole.
    let isCommon = (first == .deadline || first == .noSupervisor) && codes.allSatisfy { $0 == first }
    return isCommon ? first : .failed
  }
}
