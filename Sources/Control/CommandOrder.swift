internal import JSON
internal import QMP

/// In which order one client's commands run and are answered; pure.
///
/// Commands run one after the other, but changing commands that follow each other and name different VMs run at the
/// same time. Replies keep the order of the commands. Owned by one session.
struct CommandOrder {
  /// A command that may run now; `finish` takes its ticket back.
  struct Start: Equatable {
    let ticket: Int
    let request: ControlRequest
  }

  private struct Entry {
    let request: ControlRequest
    let id: JSONValue?
    let size: Int
  }

  /// Those that wait or run, by ticket; tickets count up from 0.
  private var entries: [Int: Entry] = [:]

  /// The running ones, with the VM that a change is about; nil is a command that runs alone.
  private var running: [Int: String?] = [:]
  private var finished: [Int: QMPReply] = [:]
  private var nextTicket = 0
  private var nextStart = 0
  private var nextReply = 0

  /// The size of the commands that have no reply yet, in bytes, with something for each.
  private(set) var waitingBytes = 0

  /// Whether every command has its reply.
  var isIdle: Bool { nextReply == nextTicket }

  /// Adds a command of that many bytes behind the others.
  mutating func add(_ request: ControlRequest, id: JSONValue?, size: Int) {
    entries[nextTicket] = Entry(request: request, id: id, size: size)
    waitingBytes += size + Self.overhead
    nextTicket += 1
  }

  /// Adds a reply that needs no command to run; it keeps its place among the others.
  mutating func add(_ reply: QMPReply) {
    finished[nextTicket] = reply
    nextTicket += 1
  }

  /// The commands that may start now.
  mutating func takeStarts() -> [Start] {
    var starts: [Start] = []
    while nextStart < nextTicket {
      if let entry = entries[nextStart] {
        let machine = Self.machine(entry.request)
        guard mayStart(machine) else { break }
        running[nextStart] = .some(machine)
        starts.append(Start(ticket: nextStart, request: entry.request))
      }
      nextStart += 1
    }
    return starts
  }

  /// Takes a command's result.
  mutating func finish(_ ticket: Int, _ result: Result<JSONValue, QMPErrorReply>) {
    guard let entry = entries.removeValue(forKey: ticket) else { return }
    running[ticket] = nil
    waitingBytes -= entry.size + Self.overhead
    finished[ticket] = QMPReply(result, id: entry.id)
  }

  /// The replies whose turn it is.
  mutating func takeReplies() -> [QMPReply] {
    var replies: [QMPReply] = []
    while let reply = finished.removeValue(forKey: nextReply) {
      replies.append(reply)
      nextReply += 1
    }
    return replies
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
