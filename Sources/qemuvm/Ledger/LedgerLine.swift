internal import Control
internal import Host
internal import JSON

/// A record of the ledger as one line for a person.
struct LedgerLine {
  private let record: LedgerRecord

  init(_ record: LedgerRecord) {
    self.record = record
  }

  /// Number, time, VM, and what happened, with a line end.
  func text(_ style: TextStyle, withName: Bool = true) -> String {
    let number = Self.padded("\(record.seq)", 6, isRight: true)
    let name = withName ? Self.padded(record.name.map { "\($0)" } ?? "-", 10) + "  " : ""
    let lost = record.lost > 0 ? " (\(record.lost) records before this one could not be written)" : ""
    return "\(number)  \(record.time.local)  \(name)\(happening(style))\(lost)\n"
  }

  /// What happened, without colours.
  var sentence: String { happening(.plain) }

  private func happening(_ style: TextStyle) -> String {
    guard case .state(let facts) = record.event else { return Printable.line(words) }
    let health = facts.state == .running && facts.health != .none ? " (\(facts.health.rawValue))" : ""
    let state = style.state(facts.state.rawValue, VMState(rawValue: facts.state.rawValue)) + health
    return facts.cause == facts.state.rawValue ? state : "\(state): \(Printable.line(facts.cause))"
  }

  private var words: String {
    switch record.event {
    case .wish(let verb, .user, _): "the user's command: \(verb)"
    case .wish(_, .guest, _): "the guest ended itself: it is wanted no longer"
    case .state(let facts): "\(facts.state.rawValue): \(facts.cause)"
    case .spawned(let pid, let accelerator):
      "QEMU started as process \(pid)" + (accelerator.map { " (\($0))" } ?? "")
    case .exited(let facts): Self.words(facts)
    case .qmp(let event, let data, let count):
      Self.words(event, data).map { $0 + (count > 1 ? ", \(count) times" : "") }
        ?? "QEMU says \(event)" + (count > 1 ? ", \(count) times" : "") + (data.isEmpty ? "" : " \(data)")
    case .supervisor(let facts): Self.words(facts)
    case .adopted(let pid): "taken over by a new supervisor; QEMU is process \(pid)"
    case .gap(let facts): Self.words(facts)
    case .refused(let facts): "cannot \(facts.verb): \(facts.reason)"
    case .message(let message): message
    case .helper(let facts): Self.words(facts)
    case .removed: "removed from the list"
    case .other(let kind, let facts): "\(kind) \(facts)"
    }
  }

  /// What an event of QEMU's means; nil for one that has no words here.
  private static func words(_ event: String, _ data: JSONObject) -> String? {
    switch (event, data["reason"]?.string ?? data["action"]?.string) {
    case ("RESET", "guest-reset"): "the guest has rebooted"
    case ("RESET", "host-qmp-system-reset"): "the reset button was pressed"
    case ("SHUTDOWN", "guest-shutdown"): "the guest has powered off"
    case ("SHUTDOWN", "guest-panic"): "the guest has panicked"
    case ("SHUTDOWN", "guest-reset"): "the guest has reset itself, which ends it"
    case ("SHUTDOWN", "host-qmp-quit"): "QEMU was told to quit"
    case ("SHUTDOWN", "host-signal"): "QEMU was ended by a signal"
    case ("GUEST_PANICKED", _): "the guest's kernel has panicked"
    case ("WATCHDOG", let action?): "the guest's watchdog was not fed: \(action)"
    case ("BLOCK_IO_ERROR", _):
      "a disk has failed a \(data["operation"]?.string ?? "request")"
        + (data["file"]?.string.map { ": \($0)" } ?? "")
        + (data["nospace"]?.bool == true ? ", no space left" : data["reason"]?.string.map { ", \($0)" } ?? "")
    default: nil
    }
  }

  private static func words(_ facts: LedgerEvent.HelperFacts) -> String {
    let helper =
      facts.network.map { "the \(facts.helper) of its network \($0)" } ?? "its helper '\(facts.helper)'"
    let pid = facts.pid.map { "\($0)" } ?? "?"
    switch facts.action {
    case .started: return "\(helper) started as process \(pid)"
    case .adopted: return "\(helper), process \(pid), was taken over by a new supervisor"
    case .failed: return "\(helper) cannot be started: \(facts.words)"
    case .ended:
      let last = facts.words.isEmpty ? "" : ": '\(facts.words)'"
      return "\(helper) (process \(pid)) \(words(of: facts.status ?? .unknown))"
        + (facts.isWished ? ", as it was to" : last)
    }
  }

  private static func words(of status: ExitStatus) -> String {
    switch status {
    case .code(let code): "exited with code \(code)"
    case .signal(let number): "was killed by signal \(number) (\(Signal.name(number)))"
    case .unknown: "ended; its exit status is unknown"
    }
  }

  private static func words(_ facts: LedgerEvent.ExitFacts) -> String {
    let end = words(of: facts.status)
    let ran = facts.ranSeconds.map { ", after the guest ran for \(Quantity.elapsed(seconds: Int($0)))" } ?? ""
    let stderr = facts.stderr.isEmpty ? "" : ": '\(facts.stderr)'"
    return "QEMU (process \(facts.pid)) \(end)\(ran)\(stderr)"
  }

  private static func words(_ facts: LedgerEvent.SupervisorFacts) -> String {
    switch facts.action {
    case .started: "supervisor \(facts.version) started as process \(facts.pid)"
    case .leaving: "supervisor leaves: \(facts.why ?? "for a reason it did not tell")"
    }
  }

  private static func words(_ facts: LedgerEvent.GapFacts) -> String {
    let time = facts.seconds.map { " for \(Quantity.elapsed(seconds: max(0, Int($0))))" } ?? ""
    var parts = ["no supervisor was there\(time)"]
    if !facts.wasOrderly { parts.append("the one before ended without a word") }
    if facts.hasRebooted { parts.append("the host was rebooted") }
    if facts.tornBytes > 0 { parts.append("\(facts.tornBytes) bytes at the ledger's end were no record") }
    return parts.joined(separator: "; ")
  }

  private static func padded(_ text: String, _ width: Int, isRight: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return isRight ? space + text : text + space
  }
}
