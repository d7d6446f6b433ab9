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

  @Test("are held up by no later one; a later arming replaces an earlier, and what is disarmed stays silent")
  func order() async {
    let queue = DispatchQueue(label: "timers")
    let (fired, feed) = AsyncStream.makeStream(of: String.self)
    let now = Instant.now
    // Each arms the next: what fires without having been armed for it comes in between, or behind the last.
    let last = DeadlineTimer(queue: queue) {
      feed.yield("last")
      feed.finish()
    }
    let past = DeadlineTimer(queue: queue) {
      feed.yield("past")
      last.arm(at: now + .milliseconds(60), now: .now)
    }
    let early = DeadlineTimer(queue: queue) {
      feed.yield("early")
      past.arm(at: now + .seconds(-5), now: .now)
    }
    let late = DeadlineTimer(queue: queue) { feed.yield("late") }
    let never = DeadlineTimer(queue: queue) { feed.yield("never") }
    queue.sync {
      late.arm(at: now + .seconds(3600), now: now)
      early.arm(at: now + .seconds(3600), now: now)
      early.arm(at: now + .milliseconds(30), now: now)
      never.arm(at: now + .milliseconds(10), now: now)
      never.arm(at: nil)
    }
    #expect(await fired.collect() == ["early", "past", "last"])
    withExtendedLifetime((late, never)) {}
  }

  @Test("ring once each, however many there are")
  func alarms() async {
    let executor = QueueExecutor(label: "alarms")
    let (rung, feed) = AsyncStream.makeStream(of: Int.self)
    for number in 0..<100 { executor.after(.milliseconds(number * 7 % 50)) { feed.yield(number) } }
    executor.after(.milliseconds(100)) { feed.finish() }
    #expect(await rung.collect().sorted() == Array(0..<100))
  }
}
