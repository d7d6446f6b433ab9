internal import Control
internal import JSON
internal import Machine
internal import QMP

/// Which records of a reply and of the events after it are shown: each once, and of the VMs asked for; pure.
///
/// Events are listened for before the reply is asked for, so what happens in between comes by both ways.
struct LedgerView: Sendable {
  /// The VMs asked for; nil is all, and the supervisor.
  private(set) var names: Set<FullName>?

  /// The numbers that came by a reply; an event with one of them has been shown.
  private var seen: Set<Int> = []

  /// Takes a reply about one VM, or about all.
  mutating func take(_ page: LedgerPage) -> [LedgerRecord] {
    if let name = page.name { names = (names ?? []).union([name]) }
    return page.records.filter { seen.insert($0.seq).inserted }
  }

  /// The record of an event, where it is to be shown.
  mutating func take(_ event: QMPEvent) -> LedgerRecord? {
    // What a newer supervisor tells in another form is not for us.
    guard event.name == "LEDGER", let record = try? LedgerRecord(json: .object(event.data)) else {
      return nil
    }
    if let names {
      guard let name = record.name, names.contains(name) else { return nil }
    }
    return seen.remove(record.seq) == nil ? record : nil
  }
}
