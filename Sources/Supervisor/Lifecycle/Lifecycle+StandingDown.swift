internal import Control
internal import Host

// How a guest comes down with its supervisor, as before the host is switched off: gently, and still wanted.
extension Lifecycle {
  /// What is said of a VM that came down so.
  static let stoodDown = "stopped with the supervisor; it starts at the host's next boot, or by 'start'"

  /// Whether the guest is to end, whatever it is found to be doing.
  var isToEnd: Bool { startsAgain || (desired == .stopped || isStandingDown) && heldEnd == nil }

  mutating func standDown(_ now: Instant) -> [LifecycleEffect] {
    isStandingDown = true
    startsAgain = false
    (hold, heldEnd) = (nil, nil)
    switch phase {
    case .stopped, .failed, .stopping: return []
    case .backoff, .waiting: return settle(.stopped, saying: Self.stoodDown)
    case .starting(let start) where !start.hasProcess: return settle(.stopped, saying: Self.stoodDown)
    case .starting, .running, .paused:
      return lower(saying: "the supervisor leaves with its guests", stopTimeout, now)
    }
  }
}
