internal import Control
internal import Host
internal import JSON
internal import QMP

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

  /// What the loop waits for; everything that happens comes through one stream, so that nothing is shared.
  private enum Input: Sendable {
    case replied(Int, Swift.Result<JSONValue, ControlError>)
    case event(QMPEvent)
    case supervisorLeft
    case deadlinePassed
  }

  let orders: [Order]

  /// How long the whole may take; nil is without end.
  let timeout: Duration?
  let context: Context

  /// How long the supervisor may take to make a wish durable, which takes it milliseconds.
  private static let replyPatience: Duration = .seconds(60)

  /// Sends all requests, then follows what comes of them.
  func run(_ client: ControlClient) async -> Result {
    let (inputs, feed) = AsyncStream.makeStream(of: Input.self)
    let isWatching = orders.contains { if case .accepted = $0.goal { false } else { true } }
    let events = isWatching ? await client.events() : nil
    var feeders: [Task<Void, Never>] = []
    defer { for feeder in feeders { feeder.cancel() } }
    if let events {
      feeders.append(
        Task {
          for await event in events { feed.yield(.event(event)) }
          feed.yield(.supervisorLeft)
        })
    }
    for (index, order) in orders.enumerated() {
      feeders.append(Task { feed.yield(.replied(index, await ask(client, order.request))) })
    }
    if let timeout {
      feeders.append(
        Task {
          // Cancelled when all is done: then nobody waits for the deadline.
          guard (try? await Task.sleep(for: timeout)) != nil else { return }
          feed.yield(.deadlinePassed)
        })
    }
    return await follow(inputs)
  }

  private func ask(
    _ client: ControlClient, _ request: ControlRequest
  ) async -> Swift.Result<JSONValue, ControlError> {
    do throws(ControlError) {
      // With a limit on the whole there is no other on the reply.
      return .success(try await client.perform(request, deadline: timeout == nil ? Self.replyPatience : nil))
    } catch {
      return .failure(error)
    }
  }

  private func follow(_ inputs: AsyncStream<Input>) async -> Result {
    var waits = orders.map { VMWait(label: $0.label, goal: $0.goal, isUnknownFine: $0.isUnknownFine) }
    var replies: [JSONObject?] = Array(repeating: nil, count: orders.count)
    var display = FleetDisplay(count: orders.count, context: context)
    var open = orders.count
    for await input in inputs {
      let elapsed = Instant.now - context.began
      for index in waits.indices where waits[index].outcome == nil {
        var signs: [VMWait.Sign] = []
        switch input {
        case .replied(let replied, .success(let reply)) where replied == index:
          replies[index] = reply.object
          signs = waits[index].take(reply: reply.object ?? [:], elapsed: elapsed)
        case .replied(let replied, .failure(let error)) where replied == index:
          signs = waits[index].take(error: error)
        case .replied: break
        case .event(let event): signs = waits[index].take(event: event, elapsed: elapsed)
        case .supervisorLeft: waits[index].loseSupervisor()
        case .deadlinePassed: waits[index].pass(deadline: timeout ?? .zero)
        }
        display.show(signs, waits[index], at: index)
        if waits[index].outcome != nil { open -= 1 }
      }
      if open == 0 { break }
    }
    return Result(
      code: Self.code(waits.map(\.outcome)),
      replies: zip(waits, replies).compactMap { wait, reply in wait.outcome == .reached ? reply : nil })
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
