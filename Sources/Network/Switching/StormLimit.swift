/// Lets through so many frames a second, and as many at once after a second of rest.
struct StormLimit {
  /// In nanoseconds; at least one, as more than a million a second are never asked for.
  private let gap: Int64
  private let most: Int64

  /// The moment up to which what was let through has been paid for.
  private var paid = Int64.min / 2

  init(perSecond: Int) {
    gap = 1_000_000_000 / Int64(max(1, perSecond))
    most = gap * Int64(max(1, perSecond))
  }

  /// Whether one more may go now.
  mutating func take(atNanoseconds now: Int64) -> Bool {
    let start = max(paid, now - most)
    guard start + gap <= now else { return false }
    paid = start + gap
    return true
  }
}
