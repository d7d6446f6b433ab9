internal import JSON
internal import QMP

/// In which order one client's commands run and are answered; pure.
///
/// A command with an id runs at once and is answered as soon as it is done. Commands without one run and are answered
/// in their order, though changes of different VMs among them run at the same time. Whatever the ids, changes of one
/// VM run in the order in which they were sent, and so do QMP commands for one VM's QEMU. Replies are text as soon as
/// they are there: their size is then known. Owned by one session.
struct CommandOrder {
  /// A command that may run now; `finish` takes its ticket back.
  struct Start: Equatable {
    let ticket: Int
    let request: ControlRequest
  }

  /// What the session answers by itself; the reply is made when its turn has come.
  enum Own: Equatable {
    case failure(QMPErrorReply)
    case done
    case commands
    case version
  }

  private struct Entry {
    enum Work {
      case command(ControlRequest)
      case own(Own)
      case finished([UInt8])
    }

    var work: Work
    let id: JSONValue?
    var size: Int

    /// How many commands it runs behind that are not done yet.
    var predecessors = 0

    /// The commands that run behind it.
    var successors: [Int] = []
  }

  /// How many commands that change nothing one client may have running: their replies can be long.
  static let mostQueries = 32

  /// Those that wait, run, or have a reply that is not taken yet, by ticket; tickets count up from 0.
  private var entries: [Int: Entry] = [:]
  private var nextTicket = 0

  /// The commands that have not been started.
  private var waiting: Set<Int> = []

  /// Those of them that wait for no other command, in their order.
  private var changesAtHand = Queue()
  private var queriesAtHand = Queue()
  private var runningQueries: Set<Int> = []

  /// What the next command of a kind runs behind.
  private var tails = Tails()

  /// The commands without an id that have no reply yet, in their order.
  private var unnamed = Queue()

  /// The replies to be taken, in their order.
  private var replies = Queue()

  /// The size of the commands that wait or run and of the replies that are not taken, in bytes, with something for each.
  private(set) var waitingBytes = 0

  /// Whether every command has its reply.
  var isIdle: Bool { entries.isEmpty }

  /// Adds a command of that many bytes.
  mutating func add(_ request: ControlRequest, id: JSONValue?, size: Int) {
    let ticket = nextTicket
    let predecessors = tails.add(ticket, request, isNamed: id != nil)
    add(
      Entry(
        work: .command(request), id: id, size: size + Self.overhead, predecessors: predecessors.count))
    waiting.insert(ticket)
    for predecessor in predecessors { entries[predecessor]?.successors.append(ticket) }
    if predecessors.isEmpty { putAtHand(ticket, request) }
  }

  /// Adds what needs no command to run.
  mutating func add(_ own: Own, id: JSONValue?, size: Int) {
    let ticket = nextTicket
    add(Entry(work: .own(own), id: id, size: size + Self.overhead))
    if id != nil { replies.append(ticket) } else { releaseUnnamed() }
  }

  private mutating func add(_ entry: Entry) {
    if entry.id == nil { unnamed.append(nextTicket) }
    entries[nextTicket] = entry
    waitingBytes += entry.size
    nextTicket += 1
  }

  /// The commands that may start now.
  mutating func takeStarts() -> [Start] {
    var starts: [Start] = []
    while let ticket = changesAtHand.popFirst() { start(ticket, &starts) }
    while runningQueries.count < Self.mostQueries, let ticket = queriesAtHand.popFirst() {
      runningQueries.insert(ticket)
      start(ticket, &starts)
    }
    return starts
  }

  private mutating func start(_ ticket: Int, _ starts: inout [Start]) {
    guard waiting.remove(ticket) != nil, case .command(let request) = entries[ticket]?.work else { return }
    starts.append(Start(ticket: ticket, request: request))
  }

  /// Takes a command's result.
  mutating func finish(_ ticket: Int, _ result: Result<JSONValue, QMPErrorReply>) {
    guard let entry = entries[ticket], case .command(let request) = entry.work else { return }
    runningQueries.remove(ticket)
    waiting.remove(ticket)
    tails.remove(ticket, request)
    let line = QMPLine.fromServer(QMPReply(result, id: entry.id).json)
    entries[ticket] = Entry(work: .finished(line), id: entry.id, size: line.count + Self.overhead)
    waitingBytes += line.count + Self.overhead - entry.size
    if entry.id != nil { replies.append(ticket) } else { releaseUnnamed() }
    for successor in entry.successors { advance(successor) }
  }

  /// One of the commands that it runs behind is done.
  private mutating func advance(_ ticket: Int) {
    guard case .command(let request) = entries[ticket]?.work else { return }
    entries[ticket]?.predecessors -= 1
    if entries[ticket]?.predecessors == 0, waiting.contains(ticket) { putAtHand(ticket, request) }
  }

  private mutating func putAtHand(_ ticket: Int, _ request: ControlRequest) {
    if request.isChange || request.isQuit {
      changesAtHand.append(ticket)
    } else {
      queriesAtHand.append(ticket)
    }
  }

  /// Gives out the replies without an id that no earlier one waits for.
  private mutating func releaseUnnamed() {
    while let ticket = unnamed.first, let entry = entries[ticket] {
      if case .command = entry.work { return }
      unnamed.popFirst()
      replies.append(ticket)
    }
  }

  /// The next reply, as a line; `own` makes those of the session's own.
  mutating func takeReply(_ own: (Own) -> Result<JSONValue, QMPErrorReply>) -> [UInt8]? {
    guard let ticket = replies.popFirst(), let entry = entries.removeValue(forKey: ticket) else { return nil }
    waitingBytes -= entry.size
    return switch entry.work {
    case .own(let subject): QMPLine.fromServer(QMPReply(own(subject), id: entry.id).json)
    case .finished(let text): text
    case .command: nil
    }
  }

  /// Answers the commands that have not started with an error.
  mutating func refuseWaiting(_ error: QMPErrorReply) {
    for ticket in waiting.sorted() { finish(ticket, .failure(error)) }
    changesAtHand = Queue()
    queriesAtHand = Queue()
  }

  /// What a command costs beside its text, about.
  private static let overhead = 512
}

extension ControlRequest {
  fileprivate var isQuit: Bool {
    if case .quit = self { true } else { false }
  }
}

/// The commands that a further one may have to run behind: the last of each kind that is not done.
private struct Tails {
  /// The last change of each VM, by what tells VMs apart here.
  private var changes: [String: Int] = [:]

  /// The last change that may be of any VM.
  private var changeOfAny: Int?

  /// The last QMP command for each VM's QEMU.
  private var executions: [String: Int] = [:]

  /// The last command that no other may pass.
  private var quit: Int?

  /// Without an id: the last command that runs alone, and the changes behind it.
  private var alone: Int?
  private var beside: Set<Int> = []

  /// Takes a command in; gives those that it runs behind.
  mutating func add(_ ticket: Int, _ request: ControlRequest, isNamed: Bool) -> Set<Int> {
    var found = Set([quit].compactMap { $0 })
    let machine = Self.machine(request)
    switch request {
    case .quit:
      found.formUnion(changes.values)
      if let changeOfAny { found.insert(changeOfAny) }
      quit = ticket
    case .execute:
      if let machine, let last = executions.updateValue(ticket, forKey: machine) { found.insert(last) }
    case _ where request.isChange:
      if let changeOfAny { found.insert(changeOfAny) }
      if let machine {
        if let last = changes.updateValue(ticket, forKey: machine) { found.insert(last) }
      } else {
        found.formUnion(changes.values)
        changeOfAny = ticket
      }
    default: break
    }
    guard !isNamed else { return found }
    if let alone { found.insert(alone) }
    if request.isChange, machine != nil {
      beside.insert(ticket)
    } else {
      found.formUnion(beside)
      beside = []
      alone = ticket
    }
    return found
  }

  /// Nothing runs behind it any more.
  mutating func remove(_ ticket: Int, _ request: ControlRequest) {
    if let machine = Self.machine(request) {
      if changes[machine] == ticket { changes[machine] = nil }
      if executions[machine] == ticket { executions[machine] = nil }
    }
    if changeOfAny == ticket { changeOfAny = nil }
    if quit == ticket { quit = nil }
    if alone == ticket { alone = nil }
    beside.remove(ticket)
  }

  /// What tells apart the VMs of commands: the bare name, since `web` and `shop/web` may be one VM.
  private static func machine(_ request: ControlRequest) -> String? {
    guard let name = request.vmName else { return nil }
    return name.split(separator: "/").last.map(String.init) ?? name
  }
}

/// Tickets in their order, taken from the front.
private struct Queue {
  private var tickets: [Int] = []
  private var start = 0

  var first: Int? { start < tickets.count ? tickets[start] : nil }

  mutating func append(_ ticket: Int) { tickets.append(ticket) }

  @discardableResult
  mutating func popFirst() -> Int? {
    guard let first else { return nil }
    start += 1
    // What was taken is let go from time to time, and not each time.
    if start == tickets.count || start > 1024 {
      tickets.removeFirst(start)
      start = 0
    }
    return first
  }
}
