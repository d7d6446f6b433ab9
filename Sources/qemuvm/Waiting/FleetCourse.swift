internal import Control
internal import Host
internal import JSON

/// How far several VMs have come on their way, and what a person sees of it.
struct FleetCourse {
  private(set) var waits: [VMWait] = []
  private var replies: [JSONValue?]
  private var display: FleetDisplay
  private let context: Context

  /// Why a command for several VMs was refused for all of them at once; nil where none was.
  private(set) var refusal: CommandFailure?

  /// The commands, and which waits each is about.
  private let commands: [FleetCommand.Command]
  private var ranges: [Range<Int>] = []

  /// Which command each number that was sent is of.
  private var places: [Int: Int] = [:]

  /// The commands that are to be sent.
  private var unsent: [Int]

  init(_ commands: [FleetCommand.Command], _ context: Context, isQuiet: Bool = false) {
    for command in commands {
      let start = waits.count
      waits += command.orders.map {
        VMWait(label: $0.label, goal: $0.goal, isUnknownFine: $0.isUnknownFine, edit: $0.edit)
      }
      ranges.append(start..<waits.count)
    }
    replies = Array(repeating: nil, count: waits.count)
    display = FleetDisplay(count: waits.count, context: context, isQuiet: isQuiet)
    self.commands = commands
    self.context = context
    unsent = Array(commands.indices)
  }

  /// Whether each VM has come to its goal or failed.
  var isOver: Bool { refusal != nil || waits.allSatisfy { $0.outcome != nil } }

  /// The replies of the VMs that came to their goal.
  var repliesOfReached: [JSONValue] {
    zip(waits, replies).compactMap { wait, reply in wait.outcome == .reached ? reply : nil }
  }

  /// The commands that are to be sent now, in their order.
  mutating func takeUnsent() -> [Int] {
    defer { unsent = [] }
    return unsent.sorted()
  }

  /// A command is on its way.
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
      // The supervisor leaves: its end follows, and then the next one is told.
      case .failure(let error) where error.kind == .closing: unsent.append(index)
      case .failure(let error) where commands[index].isForSeveral:
        refusal = refusal ?? CommandFailure(error, subject: nil)
      case .failure(let error): advance(ranges[index].lowerBound) { $0.take(error: error) }
      case .success(let reply) where commands[index].isForSeveral:
        take(FleetReply(json: reply), index, elapsed)
      case .success(let reply): take(reply, ranges[index].lowerBound, elapsed)
      }
    }
  }

  /// The reply to a command for several: of each VM by its name, or else in the order of the command.
  private mutating func take(_ reply: FleetReply, _ index: Int, _ elapsed: Duration) {
    let range = ranges[index]
    for (place, entry) in reply.entries.enumerated() {
      let named = range.first { waits[$0].label == entry.name && waits[$0].reply == nil }
      let place = range.lowerBound + place
      guard let wait = named ?? (range.contains(place) ? place : nil) else { continue }
      switch entry.result {
      case .success(let object): take(.object(object), wait, elapsed)
      case .failure(let error): advance(wait) { $0.take(error: error) }
      }
    }
    for wait in range where waits[wait].outcome == nil && waits[wait].reply == nil {
      advance(wait) { $0.take(error: ControlError(.failed, "the supervisor's reply does not tell of it")) }
    }
  }

  private mutating func take(_ json: JSONValue, _ index: Int, _ elapsed: Duration) {
    do throws(JSONTypeError) {
      let reply = try VMReply(json: json)
      replies[index] = json
      advance(index) { $0.take(reply: reply, elapsed: elapsed) }
    } catch {
      let unreadable = ControlError(.failed, "the supervisor's reply cannot be read: \(error)")
      advance(index) { $0.take(error: unreadable) }
    }
  }

  /// The time that the person gave is over.
  mutating func endTime(after limit: Duration) {
    each {
      $0.endTime(after: limit)
      return []
    }
  }

  /// The supervisor is gone or says nothing any more: what it has not begun is to be sent once more, where that `isRepeating`; what else it has
  /// not answered is not known, and nobody tells of the rest.
  mutating func loseSupervisor(_ error: ControlError, isRepeating: Bool) {
    if error.kind == .closing { unsent += places.values }
    places = [:]
    if !isRepeating { unsent = [] }
    for (index, range) in ranges.enumerated() where !unsent.contains(index) {
      for wait in range {
        advance(wait) { wait in
          guard wait.reply == nil else {
            wait.loseSupervisor(error)
            return []
          }
          return wait.take(error: error)
        }
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
