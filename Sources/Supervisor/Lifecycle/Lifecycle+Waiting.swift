internal import Control
internal import Host

// A start or an end that waits for other VMs.
extension Lifecycle {
  /// Something holds the next start back; one that is due waits from here on.
  mutating func hold(_ reason: WaitReason) -> [LifecycleEffect] {
    let isOther = hold != reason
    hold = reason
    switch phase {
    case .waiting where isOther:
      cause = reason.sentence
      return [.announce]
    case .starting(let start) where !start.hasProcess:
      return begin(saying: cause)
    case .stopped, .waiting, .starting, .running, .paused, .stopping, .backoff, .failed:
      return []
    }
  }

  /// Nothing holds a start back any more.
  mutating func release() -> [LifecycleEffect] {
    hold = nil
    guard case .waiting(let words) = phase else { return [] }
    return begin(saying: words)
  }

  /// It is to end, and is asked when others have ended: nothing starts it again meanwhile.
  ///
  /// One that has no process, or is on its way down, has nothing to wait for.
  mutating func holdEnd(
    _ end: HeldEnd, standingDown: Bool, saying words: String, _ now: Instant
  ) -> [LifecycleEffect] {
    guard hasProcess, state != .stopping else {
      return standingDown ? standDown(now) : stop(end.timeout, now)
    }
    if standingDown { isStandingDown = true } else { desired = .stopped }
    startsAgain = false
    hold = nil
    heldEnd = end
    cause = words
    return [.announce]
  }

  /// The others have ended: now it is asked.
  mutating func releaseEnd(_ now: Instant) -> [LifecycleEffect] {
    guard let end = heldEnd else { return [] }
    heldEnd = nil
    return desired == .running ? standDown(now) : stop(end.timeout, now)
  }
}
