internal import CLinux
package import Dispatch
internal import Glibc

/// A moment since the host booted, sleep included, in nanoseconds; CLOCK_BOOTTIME of clock_gettime(2).
///
/// It never steps. Stored moments stand beside the boot id, without which they say nothing. What lies beyond the first or
/// the last moment that can be counted is that moment.
package struct Instant: Sendable, Hashable, Comparable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package static var now: Instant {
    Instant(nanoseconds: linux_boot_time())
  }

  package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  package static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
    return Instant(nanoseconds: overflow ? (duration.nanoseconds < 0 ? .min : .max) : sum)
  }

  package static func - (later: Instant, earlier: Instant) -> Duration {
    let (rest, overflow) = later.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return .nanoseconds(overflow ? (later < earlier ? .min : .max) : rest)
  }
}

extension Duration {
  /// The whole of it in nanoseconds, at most 292 years.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isBeyond) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || isBeyond ? (seconds < 0 ? .min : .max) : sum
  }

  package var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// A date and time of the wall clock, in microseconds since 1970; it may step.
package struct Timestamp: Sendable, Hashable {
  package let microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// The years 0 to 9999, all that four digits have.
  private static let writable: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

  /// As RFC 3339 has it, in UTC with milliseconds: `2026-11-23T06:40:08.123Z`.
  package var rfc3339: String {
    let microseconds = min(max(microseconds, Self.writable.lowerBound), Self.writable.upperBound)
    // Rounded down, also before 1970.
    let milliseconds = (microseconds >= 0 ? microseconds : microseconds - 999) / 1000
    var seconds = time_t((milliseconds >= 0 ? milliseconds : milliseconds - 999) / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    let time = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
    return "\(date)T\(time).\(padded(Int32(milliseconds - Int64(seconds) * 1000), 3))Z"
  }

  private func padded(_ number: Int32, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// One deadline on a serial queue: armed only while something is due.
///
/// Bound to `queue`: every method is called on it, and the handler runs on it. It counts time awake: a host that slept
/// does not cut a guest's deadline short.
package final class DeadlineTimer {
  private let queue: DispatchQueue
  private let handler: () -> Void

  /// When it is due by the monotonic clock, and its alarm; nil while nothing is.
  private var armed: (due: Int64, alarm: UInt64)?
  private lazy var item = DispatchWorkItem { [weak self] in self?.fire() }

  package init(queue: DispatchQueue, handler: @escaping () -> Void) {
    self.queue = queue
    self.handler = handler
  }

  deinit {
    if let armed { Alarms.shared.remove(armed.alarm) }
  }

  /// Calls the handler at the moment, or at once when it has passed; nil disarms.
  ///
  /// A later call replaces it.
  package func arm(at deadline: Instant?, now: Instant = .now) {
    dispatchPrecondition(condition: .onQueue(queue))
    if let armed { Alarms.shared.remove(armed.alarm) }
    armed = nil
    guard let deadline else { return }
    let wait = max(0, min(deadline.nanoseconds - now.nanoseconds, 1 << 60))
    let due = Alarms.now + wait
    armed = (due, Alarms.shared.add(Alarms.Alarm(due: due, queue: queue, handler: item)))
  }

  /// An alarm that was replaced while it rang is none.
  private func fire() {
    guard let armed, armed.due <= Alarms.now else { return }
    self.armed = nil
    handler()
  }
}

extension QueueExecutor {
  /// Calls the body on the queue after a time awake.
  package func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
    let alarm = Alarms.Alarm(
      due: Alarms.now + max(0, delay.nanoseconds), queue: queue, handler: DispatchWorkItem(block: body))
    _ = Alarms.shared.add(alarm)
  }
}

extension Timestamp {
  /// As a person reads it, in the zone of this process: `2026-11-23 07:40:08.123+01:00`; RFC 3339, too.
  ///
  /// Corresponds to localtime(3).
  package var local: String {
    var seconds = time_t(microseconds.quotientAndRemainder(dividingBy: 1_000_000).quotient)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return rfc3339 }
    let minutes = Int(parts.tm_gmtoff) / 60
    let zoned = Timestamp(microseconds: microseconds + Int64(minutes) * 60_000_000).rfc3339
    let text = zoned.dropLast().replacing("T", with: " ")
    guard minutes != 0 else { return text + "Z" }
    func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return text + (minutes < 0 ? "-" : "+") + digits(abs(minutes) / 60) + ":" + digits(abs(minutes) % 60)
  }
}

/// Whether somebody, such as NTP, keeps the wall clock right; nil when the kernel does not tell.
///
/// Corresponds to adjtimex(2).
package func isClockSynchronized() -> Bool? {
  let answer = linux_clock_is_synchronized()
  return answer < 0 ? nil : answer == 1
}
