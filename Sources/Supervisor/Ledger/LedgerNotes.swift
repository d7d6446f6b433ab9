internal import Host

/// What a VM has told the ledger, so that nothing is told twice and no storm fills the disk; pure.
///
/// Owned by the VM's actor.
struct LedgerNotes {
  /// How often a kind of QEMU's event is recorded at most: a guest in a reset loop has over 800 a second.
  static let eventGap = Duration.seconds(1)

  private var state: LedgerEvent.StateFacts?
  private var tallies: [String: (told: Instant, untold: Int)] = [:]

  /// Whether a state differs from the last one; it is the last one from here on.
  mutating func isNews(_ facts: LedgerEvent.StateFacts) -> Bool {
    defer { state = facts }
    return state != facts
  }

  /// Counts an event, and gives the number of them to record now; nil when that waits for a later one.
  mutating func count(_ name: String, at now: Instant) -> Int? {
    let tally = tallies[name]
    let untold = (tally?.untold ?? 0) + 1
    if let tally, now - tally.told < Self.eventGap {
      tallies[name] = (tally.told, untold)
      return nil
    }
    tallies[name] = (now, 0)
    return untold
  }

  /// The events that were counted and not recorded, which are none from here on: QEMU has ended.
  mutating func takeUntold() -> [(name: String, count: Int)] {
    defer { tallies = [:] }
    return tallies.filter { $0.value.untold > 0 }.map { ($0.key, $0.value.untold) }.sorted {
      $0.name < $1.name
    }
  }
}
