package import Dispatch
internal import Glibc

/// A moment since the host booted, sleep included, in nanoseconds; CLOCK_BOOTTIME of clock_gettime(2).
///
/// It never steps. Stored moments stand beside the boot id, without which they say nothing.
package struct Instant: Sendable, Hashable, Comparable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package static var now: Instant {
    let time = clockTime(CLOCK_BOOTTIME)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  package static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + duration.nanoseconds)
  }

  package static func - (later: Instant, earlier: Instant) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

extension Duration {
  /// The whole of it in nanoseconds, at most 292 years.
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000
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
    let time = clockTime(CLOCK_REALTIME)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// As RFC 3339 has it, in UTC with milliseconds: `2026-11-23T06:40:08.123Z`.
  package var rfc3339: String {
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

private func clockTime(_ clock: clockid_t) -> timespec {
  var time = timespec()
  clock_gettime(clock, &time)
  return time
}

/// One deadline on a serial queue: armed only while something is due.
///
/// Bound to `queue`: every method is called on it, and the handler runs on it. The Dispatch source is made at the
/// first arming. It counts time awake: a host that slept does not cut a guest's deadline short.
package final class DeadlineTimer {
  private let queue: DispatchQueue
  private let handler: () -> Void
  private var source: (any DispatchSourceTimer)?
  private var isArmed = false

  package init(queue: DispatchQueue, handler: @escaping () -> Void) {
    self.queue = queue
    self.handler = handler
  }

  deinit {
    source?.cancel()
  }

  /// Calls the handler at the moment, or at once when it has passed; nil disarms.
  ///
  /// A later call replaces it.
  package func arm(at deadline: Instant?, now: Instant = .now) {
    dispatchPrecondition(condition: .onQueue(queue))
    guard let deadline else {
      isArmed = false
      source?.schedule(deadline: .distantFuture)
      return
    }
    isArmed = true
    let wait = max(0, min(deadline.nanoseconds - now.nanoseconds, 1 << 60))
    let timer = source ?? make()
    timer.schedule(
      deadline: .now() + .nanoseconds(Int(wait)), leeway: .nanoseconds(Int(min(wait / 50, 50_000_000))))
  }

  private func make() -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { [weak self] in
      guard let self, isArmed else { return }
      isArmed = false
      handler()
    }
    timer.activate()
    source = timer
    return timer
  }
}
