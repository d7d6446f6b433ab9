internal import Control
internal import Host
internal import JSON

/// One command on each of several VMs at the same time, followed until each has come to its goal or failed.
struct FleetCommand: Sendable {
  /// What is asked for one VM.
  struct Order: Sendable {
    /// The VM as the person named it.
    let label: String
    let request: ControlRequest
    let goal: Goal

    /// Whether a VM that the supervisor does not know has reached the goal already.
    var isUnknownFine = false
  }

  /// How it ended: the exit code, and the replies of the VMs that came to their goal, in the orders' order.
  struct Result: Sendable {
    let code: ExitCode
    let replies: [JSONObject]
  }

  /// How long a supervisor may tell nothing before it is asked whether it is there.
  private static let longestSilence: Duration = .seconds(30)

  let orders: [Order]

  /// How long the whole may take; nil is without end.
  let timeout: Duration?
  let context: Context

  /// Sends all requests, then follows what comes of them.
  func run(_ client: ControlClient) -> Result {
    var course = FleetCourse(orders, context)
    do throws(ControlError) {
      let deadline = timeout.map { Instant.now + $0 }
      for order in orders { course.sent(try client.send(order.request)) }
      while !course.isOver {
        let due = [deadline, .now + Self.longestSilence].compactMap { $0 }.min()
        if let message = try client.next(until: due) {
          course.take(message)
        } else if let deadline, .now >= deadline {
          course.pass(deadline: timeout ?? .zero)
        } else {
          // Whoever has nothing to tell still answers; one that hangs would be waited for without end.
          _ = try client.perform(.querySupervisor, deadline: Query.deadline)
        }
      }
    } catch {
      course.loseSupervisor(error)
    }
    return Result(code: Self.code(course.waits.map(\.outcome)), replies: course.repliesOfReached)
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
