internal import Control
internal import Host

// A start or an end that waits for other VMs.
extension Lifecycle {
  /// Something holds the next start back; one that is due waits from here on.
  mutating func hold(_ reason: WaitReason, _ now: Instant) -> [LifecycleEffect] {
    let isOther = intent.hold != reason
    intent.hold = reason
    switch state {
    case .waiting where isOther:
      cause = reason.sentence
      return [.announce]
    case .starting where awaitsSpawn:
      return begin(saying: cause, now)
    case .stopped, .waiting, .starting, .running, .paused, .stopping, .backoff, .failed:
      return []
    }
  }

  /// Nothing holds a start back any more.
  mutating func release(_ now: Instant) -> [LifecycleEffect] {
    intent.hold = nil
    return intent.heldStart.map { begin(saying: $0, now) } ?? []
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
    if standingDown { intent.isStandingDown = true } else { intent.desired = .stopped }
    intent.startsAgain = false
    (intent.hold, intent.heldEnd) = (nil, end)
    cause = words
    return [.announce]
  }

  /// The others have ended: now it is asked.
  mutating func releaseEnd(_ now: Instant) -> [LifecycleEffect] {
    guard let end = intent.heldEnd else { return [] }
    intent.heldEnd = nil
    return desired == .running ? standDown(now) : stop(end.timeout, now)
  }
}
