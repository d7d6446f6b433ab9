package import Host
package import Machine

/// When a VM that failed starts again, and when that is given up: the restart policy's memory.
///
/// Pure: time and chance are parameters. Kept on disk beside the boot id, so that a new supervisor goes on with it.
package struct RestartBudget: Sendable, Equatable {
  /// Failures in a row; the exponent of the delay.
  package private(set) var consecutive = 0

  /// When the failures of the current window happened, oldest first.
  ///
  /// Kept only while a `burst` is set.
  package private(set) var failures: [Instant] = []

  package init() {}

  /// What was kept by an earlier supervisor in this boot.
  package init(consecutive: Int, failures: [Instant]) {
    self.consecutive = consecutive
    self.failures = failures
  }

  package enum Verdict: Sendable, Equatable {
    case restart(after: Duration)

    /// The `burst`-th failure inside the window.
    case giveUp(failures: Int, window: Duration)
  }

  /// Counts a failure after the guest ran for `uptime`.
  ///
  /// The first delay is the policy's, each further one twice the last, at most `maxDelay`; `chance`, from 0 to 1,
  /// spreads it by a tenth either way so that a lab does not start all at once. A start that never came to running
  /// waits at least 100 ms, also where the policy says none: it fails as fast as it is tried.
  package mutating func fail(
    _ policy: RestartPolicy, at now: Instant, uptime: Duration, everRan: Bool, chance: Double
  ) -> Verdict {
    if uptime >= policy.resetAfter { consecutive = 0 }
    if let burst = policy.burst {
      failures.removeAll { now - $0 > policy.window }
      failures.append(now)
      if failures.count >= burst { return .giveUp(failures: failures.count, window: policy.window) }
    }
    let exponent = min(consecutive, 62)
    consecutive += 1
    let first = everRan ? policy.delay : max(policy.delay, .milliseconds(100))
    guard first > .zero else { return .restart(after: .zero) }
    let doubled = Double(first.nanoseconds) * Double(sign: .plus, exponent: exponent, significand: 1)
    let capped = min(doubled, Double(max(first, policy.maxDelay).nanoseconds))
    return .restart(after: .nanoseconds(Int64(capped * (0.9 + 0.2 * chance))))
  }

  /// The user's own start forgives everything.
  package mutating func forgive() {
    self = RestartBudget()
  }
}

extension RestartPolicy {
  /// No delay before a restart is longer, however it is spread.
  package var longestDelay: Duration { max(delay, maxDelay) * 2 }
}
