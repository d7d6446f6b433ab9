internal import Control
internal import Host
internal import JSON

/// How far several VMs have come on their way, and what a person sees of it.
struct FleetCourse {
  private(set) var waits: [VMWait]
  private var replies: [JSONValue?]
  private var display: FleetDisplay
  private let context: Context

  /// Which order each command that was sent is of, by the command's number.
  private var places: [Int: Int] = [:]

  /// The orders whose commands are to be sent.
  private var unsent: [Int]

  init(_ orders: [FleetCommand.Order], _ context: Context) {
    waits = orders.map { VMWait(label: $0.label, goal: $0.goal, isUnknownFine: $0.isUnknownFine) }
    replies = Array(repeating: nil, count: orders.count)
    display = FleetDisplay(count: orders.count, context: context)
    self.context = context
    unsent = Array(orders.indices)
  }

  /// Whether each VM has come to its goal or failed.
  var isOver: Bool { waits.allSatisfy { $0.outcome != nil } }

  /// The replies of the VMs that came to their goal.
  var repliesOfReached: [JSONValue] {
    zip(waits, replies).compactMap { wait, reply in wait.outcome == .reached ? reply : nil }
  }

  /// The orders whose commands are to be sent now, in their order.
  mutating func takeUnsent() -> [Int] {
    defer { unsent = [] }
    return unsent.sorted()
  }

  /// The command of an order is on its way.
  mutating func sent(_ number: Int, _ index: Int) {
    places[number] = index
  }

  mutating func take(_ message: ControlClient.Message) {
    let elapsed = Instant.now - context.began
    switch message {
    case .event(let event):
      // Read once for all who wait: hundreds of VMs tell some events each.
      guard let told = VMEvent(event) else { return }
      each { $0.take(event: told, elapsed: elapsed) }
    case .reply(let number, let result):
      guard let index = places.removeValue(forKey: number) else { return }
      switch result {
      case .success(let json):
        do throws(JSONTypeError) {
          let reply = try VMReply(json: json)
          replies[index] = json
          advance(index) { $0.take(reply: reply, elapsed: elapsed) }
        } catch {
          let unreadable = ControlError(.failed, "the supervisor's reply cannot be read: \(error)")
          advance(index) { $0.take(error: unreadable) }
        }
      // The supervisor leaves: its end follows, and then the next one is told.
      case .failure(let error) where error.kind == .closing: unsent.append(index)
      case .failure(let error): advance(index) { $0.take(error: error) }
      }
    }
  }

  /// The time that the person gave is over.
  mutating func endTime(after limit: Duration) {
    each {
      $0.endTime(after: limit)
      return []
    }
  }

  /// The supervisor is gone: what it has not begun is to be sent once more, where that `isRepeating`; what else it has
  /// not answered is not known, and nobody tells of the rest.
  mutating func loseSupervisor(_ error: ControlError, isRepeating: Bool) {
    if error.kind == .closing { unsent += places.values }
    places = [:]
    if !isRepeating { unsent = [] }
    for index in waits.indices where !unsent.contains(index) {
      advance(index) { wait in
        guard wait.reply == nil else {
          wait.loseSupervisor()
          return []
        }
        return wait.take(error: error)
      }
    }
  }

  private mutating func each(_ step: (inout VMWait) -> [VMWait.Message]) {
    for index in waits.indices { advance(index, step) }
  }

  private mutating func advance(_ index: Int, _ step: (inout VMWait) -> [VMWait.Message]) {
    guard waits[index].outcome == nil else { return }
    let messages = step(&waits[index])
    display.show(messages, waits[index], at: index)
  }
}
