internal import Control
internal import Host
internal import JSON
internal import QMP

/// How far several VMs have come on their way, and what a person sees of it.
struct FleetCourse {
  private(set) var waits: [VMWait]
  private var replies: [JSONObject?]
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
  var repliesOfReached: [JSONObject] {
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
      let report = ReportedVM(event.data)
      each { $0.take(event: event, report: report, elapsed: elapsed) }
    case .reply(let number, let result):
      guard let index = places.removeValue(forKey: number) else { return }
      switch result {
      case .success(let reply):
        replies[index] = reply.object
        advance(index) { $0.take(reply: reply.object ?? [:], elapsed: elapsed) }
      // The supervisor leaves: its end follows, and then the next one is told.
      case .failure(let error) where error.kind == .closing: unsent.append(index)
      case .failure(let error): advance(index) { $0.take(error: error) }
      }
    }
  }

  /// The time that the person gave is over.
  mutating func pass(deadline: Duration) {
    each {
      $0.pass(deadline: deadline)
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

  private mutating func each(_ step: (inout VMWait) -> [VMWait.Sign]) {
    for index in waits.indices { advance(index, step) }
  }

  private mutating func advance(_ index: Int, _ step: (inout VMWait) -> [VMWait.Sign]) {
    guard waits[index].outcome == nil else { return }
    let signs = step(&waits[index])
    display.show(signs, waits[index], at: index)
  }
}
