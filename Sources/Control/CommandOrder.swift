internal import JSON
internal import QMP

/// In which order one client's commands run and are answered; pure.
///
/// Commands run one after the other, but changing commands that follow each other and name different VMs run at the
/// same time. Replies keep the order of the commands, and are text as soon as they are there: their size is then
/// known. Owned by one session.
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
  }

  /// Those that wait, run, or have a reply whose turn has not come, by ticket; tickets count up from 0.
  private var entries: [Int: Entry] = [:]

  /// The running ones, with the VM that a change is about; nil is a command that runs alone.
  private var running: [Int: String?] = [:]
  private var nextTicket = 0
  private var nextStart = 0
  private var nextReply = 0

  /// The size of the commands that wait and of the replies whose turn has not come, in bytes, with something for each.
  private(set) var waitingBytes = 0

  /// Whether every command has its reply.
  var isIdle: Bool { nextReply == nextTicket }

  /// Adds a command of that many bytes behind the others.
  mutating func add(_ request: ControlRequest, id: JSONValue?, size: Int) {
    add(Entry(work: .command(request), id: id, size: size + Self.overhead))
  }

  /// Adds what needs no command to run; its reply keeps its place among the others.
  mutating func add(_ own: Own, id: JSONValue?, size: Int) {
    add(Entry(work: .own(own), id: id, size: size + Self.overhead))
  }

  private mutating func add(_ entry: Entry) {
    entries[nextTicket] = entry
    waitingBytes += entry.size
    nextTicket += 1
  }

  /// The commands that may start now.
  mutating func takeStarts() -> [Start] {
    var starts: [Start] = []
    while nextStart < nextTicket {
      if case .command(let request) = entries[nextStart]?.work {
        let machine = Self.machine(request)
        guard mayStart(machine) else { break }
        running[nextStart] = .some(machine)
        starts.append(Start(ticket: nextStart, request: request))
      }
      nextStart += 1
    }
    return starts
  }

  /// Takes a command's result.
  mutating func finish(_ ticket: Int, _ result: Result<JSONValue, QMPErrorReply>) {
    guard let entry = entries[ticket], case .command = entry.work else { return }
    running[ticket] = nil
    let line = QMPLine.fromServer(QMPReply(result, id: entry.id).json)
    entries[ticket] = Entry(work: .finished(line), id: nil, size: line.count + Self.overhead)
    waitingBytes += line.count + Self.overhead - entry.size
  }

  /// The reply whose turn it is, as a line; `own` makes those of the session's own.
  mutating func takeReply(_ own: (Own) -> Result<JSONValue, QMPErrorReply>) -> [UInt8]? {
    guard let entry = entries[nextReply] else { return nil }
    let line: [UInt8]
    switch entry.work {
    case .command: return nil
    case .own(let subject): line = QMPLine.fromServer(QMPReply(own(subject), id: entry.id).json)
    case .finished(let text): line = text
    }
    entries[nextReply] = nil
    waitingBytes -= entry.size
    nextReply += 1
    return line
  }

  /// Answers the commands that have not started with an error.
  mutating func refuseWaiting(_ error: QMPErrorReply) {
    for ticket in nextStart..<nextTicket { finish(ticket, .failure(error)) }
    nextStart = nextTicket
  }

  /// What a command costs beside its text, about.
  private static let overhead = 512

  private func mayStart(_ machine: String?) -> Bool {
    if running.isEmpty { return true }
    guard let machine else { return false }
    return running.values.allSatisfy { $0 != nil && $0 != machine }
  }

  /// What tells apart the VM of a changing command: its bare name, since `web` and `shop/web` may be one VM.
  private static func machine(_ request: ControlRequest) -> String? {
    guard request.isChange, let name = request.vmName else { return nil }
    return name.split(separator: "/").last.map(String.init) ?? name
  }
}
