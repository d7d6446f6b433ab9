import Host
import Testing

@Suite("A token bucket")
struct TokenBucketTests {
  private let start = Instant(nanoseconds: 1_000_000_000_000)

  @Test("lets a burst through, then one each gap, and a burst again when it has rested")
  func rate() {
    var bucket = TokenBucket(capacity: 3, gap: .seconds(1), now: start)
    var taken: [Int] = []
    for tenth in 0..<50 where bucket.take(at: start + .milliseconds(100 * tenth)) { taken.append(tenth) }
    #expect(taken == [0, 1, 2, 10, 20, 30, 40])
    let later = start + .seconds(100)
    let burst = (0..<5).map { _ in bucket.take(at: later) }
    #expect(burst == [true, true, true, false, false])
    #expect(bucket.due() == later + .seconds(1))
    #expect(bucket.due(2) == later + .seconds(2))
  }

  @Test("gives what is larger than itself when it is full")
  func large() {
    var bucket = TokenBucket(capacity: 3, gap: .seconds(1), now: start)
    let results = [0, 1, 9, 10].map { bucket.take(10, at: start + .seconds($0)) }
    #expect(results == [true, false, false, true])
  }
}
