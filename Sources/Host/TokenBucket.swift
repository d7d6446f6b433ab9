/// Lets through a burst and from then on a steady rate; pure.
///
/// It holds up to `capacity` tokens, gets one each `gap`, and begins full.
package struct TokenBucket: Sendable {
  package let capacity: Int

  // In nanoseconds, both: it may be asked a hundred thousand times a second.
  private let gap: Int64

  /// When it is, or was, full.
  private var full: Int64

  package init(capacity: Int, gap: Duration, now: Instant) {
    self.capacity = capacity
    self.gap = gap.nanoseconds
    full = now.nanoseconds
  }

  /// Takes so many tokens if they are there; more than it can hold are there when it is full.
  package mutating func take(_ count: Int = 1, at now: Instant) -> Bool {
    guard due(count) <= now else { return false }
    full = max(full, now.nanoseconds) + gap * Int64(count)
    return true
  }

  /// The moment from which so many tokens are there.
  package func due(_ count: Int = 1) -> Instant {
    Instant(nanoseconds: full + gap * Int64(min(count, capacity) - capacity))
  }
}
