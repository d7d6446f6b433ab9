internal import Control
internal import Host

/// What a VM has told the ledger, so that nothing is told twice and no storm fills the disk; pure.
///
/// Owned by the VM's actor.
struct LedgerNotes {
  /// How long a kind of QEMU's event is not recorded after it was: a guest in a reset loop has over 800 a second.
  ///
  /// It grows while the storm lasts: one guest must not write over what is known of all others.
  static let eventGaps = Duration.seconds(1)...Duration.seconds(64)

  private struct Tally {
    var told: Instant
    var unrecorded = 0
    var gap = LedgerNotes.eventGaps.lowerBound
  }

  private var state: LedgerEvent.StateFacts?

  /// Changes among the states of a guest that is there: it can bring them about as often as it likes.
  private var changes: TokenBucket?
  private var tallies: [String: Tally] = [:]

  /// When a state that was held back may be told, if it still differs then; nil where none is.
  private(set) var due: Instant?

  /// Whether a state differs from the last one and is to be told; if so, it is the last one from here on.
  mutating func isNews(_ facts: LedgerEvent.StateFacts, at now: Instant) -> Bool {
    guard state != facts else {
      due = nil
      return false
    }
    if let state, Self.isThere(state), Self.isThere(facts) {
      var bucket = changes ?? TokenBucket(capacity: 120, gap: .seconds(10), now: now)
      defer { changes = bucket }
      guard bucket.take(at: now) else {
        due = bucket.due()
        return false
      }
    }
    due = nil
    state = facts
    return true
  }

  private static func isThere(_ facts: LedgerEvent.StateFacts) -> Bool {
    facts.state == .running || facts.state == .paused
  }

  /// Counts events, and gives the number of them to record now; nil when that waits for a later one.
  mutating func count(_ name: String, _ count: Int = 1, at now: Instant) -> Int? {
    guard var tally = tallies[name] else {
      tallies[name] = Tally(told: now)
      return count
    }
    tally.unrecorded += count
    defer { tallies[name] = tally }
    let rest = now - tally.told
    guard rest >= tally.gap else { return nil }
    // More than this one: the storm lasts.
    tally.gap =
      tally.unrecorded > 1
      ? min(tally.gap * 2, Self.eventGaps.upperBound) : max(tally.gap / 2, Self.eventGaps.lowerBound)
    tally.told = now
    let unrecorded = tally.unrecorded
    tally.unrecorded = 0
    return unrecorded
  }

  /// The events that were counted and not recorded, which are none from here on: QEMU has ended.
  mutating func takeUntold() -> [(name: String, count: Int)] {
    defer { tallies = [:] }
    return tallies.filter { $0.value.unrecorded > 0 }.map { ($0.key, $0.value.unrecorded) }.sorted {
      $0.name < $1.name
    }
  }
}
