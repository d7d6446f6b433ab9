import Dispatch
import Host
import Testing

@Suite("Clocks and deadlines")
struct ClockTests {
  @Test(
    "write a time as RFC 3339 has it",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123_999, "2023-11-14T22:13:20.123Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (-86_400_000_000, "1969-12-31T00:00:00.000Z"), (253_402_300_799_999_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func timestamps(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
  }

  @Test("count on and never back")
  func instants() {
    let first = Instant.now
    let second = Instant.now
    #expect(first <= second)
    #expect(first + .seconds(2) - first == .seconds(2))
    #expect(first + .milliseconds(-1) < first)
  }

  @Test("hold durations of any length")
  func durations() {
    #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    #expect(Duration.milliseconds(1500).seconds == 1.5)
    #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    #expect(Duration.seconds(Int64.min).nanoseconds == .min)
  }

  @Test("fire in the order of their deadlines, not of their arming, and a later arming replaces an earlier")
  func order() async {
    let queue = DispatchQueue(label: "timers")
    let (fired, feed) = AsyncStream.makeStream(of: String.self)
    queue.sync {
      let now = Instant.now
      let late = DeadlineTimer(queue: queue) { feed.yield("late") }
      let early = DeadlineTimer(queue: queue) { feed.yield("early") }
      let past = DeadlineTimer(queue: queue) { feed.yield("past") }
      let never = DeadlineTimer(queue: queue) { feed.yield("never") }
      let last = DeadlineTimer(queue: queue) {
        feed.yield("last")
        feed.finish()
        // They live as long as the last one's handler.
        _ = (late, early, past, never)
      }
      late.arm(at: now + .milliseconds(60), now: now)
      early.arm(at: now + .seconds(3600), now: now)
      early.arm(at: now + .milliseconds(30), now: now)
      never.arm(at: now + .milliseconds(10), now: now)
      never.arm(at: nil)
      past.arm(at: now + .seconds(-5), now: now)
      last.arm(at: now + .milliseconds(90), now: now)
      keep.append(last)
    }
    #expect(await fired.collect() == ["past", "early", "late", "last"])
    queue.sync { keep.removeAll() }
  }

  @Test("ring once each, however many there are")
  func alarms() async {
    let executor = QueueExecutor(label: "alarms")
    let (rung, feed) = AsyncStream.makeStream(of: Int.self)
    for number in 0..<100 { executor.after(.milliseconds(number * 7 % 50)) { feed.yield(number) } }
    executor.after(.milliseconds(100)) { feed.finish() }
    #expect(await rung.collect().sorted() == Array(0..<100))
  }

  /// The timer that holds the others, so that all of them live until they have fired.
  private let keep = Kept()

  private final class Kept: @unchecked Sendable {
    // Touched on the one serial queue of the one test that uses it.
    private var timers: [DeadlineTimer] = []

    func append(_ timer: DeadlineTimer) { timers.append(timer) }
    func removeAll() { timers.removeAll() }
  }
}
