internal import Control
internal import Host

// What the user wants, or the supervisor for its own leave.
extension Lifecycle {
  mutating func start(_ now: Instant) -> [LifecycleEffect] {
    let isNews = desired != .running
    intent.desired = .running
    let wasToEnd = intent.heldEnd != nil
    intent.heldEnd = nil
    switch state {
    case .stopped, .failed, .backoff:
      _ = intent.forgive()
      return begin(saying: "started by the user", now)
    case .waiting:
      return intent.forgive() ? [.announce] : []
    case .stopping:
      _ = intent.forgive()
      intent.startsAgain = true
      cause = "stopping; it starts again then, as the user asked"
      return [.announce]
    case .starting:
      if intent.startsAgain { return [] }
      let isForgiven = intent.forgive()
      ending = nil
      // A guest that was found and was to end for its silence is waited for again.
      if case .found(let lastSeen) = guest.state {
        awaitAnswer(by: Self.adoptionDeadline(lastSeen, now), now)
      }
      let effects = isNews ? observe(.probe, Moment(now)) : []
      return effects + (isNews || isForgiven ? [.announce] : [])
    case .running, .paused:
      if wasToEnd { cause = state == .running ? runningCause : "paused; it stays, as the user asked" }
      let isForgiven = intent.forgive()
      if isForgiven, state == .running, guest.check?.trouble == nil { cause = runningCause }
      return isForgiven || isNews ? [.announce] : []
    }
  }

  mutating func stop(_ timeout: Duration?, _ now: Instant) -> [LifecycleEffect] {
    intent.stop()
    guard state == .stopping else {
      return bringDown(saying: "the user asked it to stop", timeout ?? stopTimeout, now)
    }
    if let timeout { _ = process.handle(.shorten(.ask(.powerButton), to: timeout), at: now) }
    cause = "the user asked it to stop"
    return [.announce]
  }

  mutating func restart(_ timeout: Duration?, _ now: Instant) -> [LifecycleEffect] {
    guard isTakingOver || state == .running || state == .paused else { return start(now) }
    intent.desired = .running
    intent.startsAgain = true
    intent.heldEnd = nil
    _ = intent.forgive()
    return bringDown(saying: "the user asked it to restart", timeout ?? stopTimeout, now)
  }

  mutating func kill(_ now: Instant) -> [LifecycleEffect] {
    intent.stop()
    guard hasProcess else { return bringDown(saying: "the user asked to kill it", .zero, now) }
    ending = .killed
    cause = "the user asked to kill it"
    return perform(process.handle(.force, at: now), now)
  }

  /// What is said of a VM that came down with its supervisor, as before the host is switched off.
  static let stoodDown = "stopped with the supervisor; it starts at the host's next boot, or by 'start'"

  /// The guest comes down gently, and stays wanted.
  mutating func standDown(_ now: Instant) -> [LifecycleEffect] {
    intent.isStandingDown = true
    intent.startsAgain = false
    intent.waitForNothing()
    switch state {
    case .stopped, .failed, .stopping: return []
    case .backoff, .waiting: return settle(saying: Self.stoodDown)
    case .starting where awaitsSpawn: return settle(saying: Self.stoodDown)
    case .starting, .running, .paused:
      return bringDown(saying: "the supervisor leaves with its guests", stopTimeout, now)
    }
  }

  /// All guests together have had their time: nothing waits for a power button, or for others, any more.
  mutating func insist(_ now: Instant) -> [LifecycleEffect] {
    guard intent.isStandingDown else { return [] }
    let effects = releaseEnd(now)
    return effects + perform(process.handle(.shorten(.ask(.powerButton), to: .zero), at: now), now)
  }

  /// Brings down what there is, gently where a guest runs.
  private mutating func bringDown(
    saying words: String, _ timeout: Duration, _ now: Instant
  ) -> [LifecycleEffect] {
    // One that is down has its cause already.
    if state == .stopped { return [] }
    cause = words
    if hasProcess { ending = ending ?? .wished }
    if let loss = guest.monitorLoss {
      return beginTeardown(at: .signal(Signal.terminate), now) + [.tell(Self.withoutMonitor(loss))]
    }
    switch state {
    case .stopped, .stopping:
      return []
    case .failed, .backoff:
      return settle(saying: "stopped by the user")
    case .waiting:
      return settle(saying: "stopped by the user before it ran")
    case .starting where awaitsSpawn:
      return settle(saying: "stopped by the user before it ran")
    case .starting where isTakingOver:
      // It is asked when its QEMU answers, which it may never do.
      awaitAnswer(by: now + Self.adoptionTimeout, now)
      return [.announce]
    case .starting:
      // No guest code has run before `cont`: there is nothing to ask.
      return beginTeardown(at: process.state == .ready ? .ask(.quit) : .signal(Signal.terminate), now)
    case .running:
      return askToEnd(now, within: timeout)
    case .paused:
      guard guest.state == .paused(.user), guest.hasPowerButton else {
        return beginTeardown(at: .ask(.quit), now)
      }
      return [.resume] + askToEnd(now, within: timeout)
    }
  }

  /// A start was refused before it was promised: a VM that is down says why it stays so.
  mutating func startRefused(_ words: String) -> [LifecycleEffect] {
    switch state {
    case .stopped, .failed:
      cause = words
      return [.announce]
    case .waiting, .starting, .running, .paused, .stopping, .backoff: return []
    }
  }

  /// A VM without a process whose folder is to be removed.
  mutating func forgetWish() {
    _ = settle(saying: "stopped by the user")
    intent.stop()
  }

  /// A VM that cannot be started whatever is wished: it waits for its user.
  mutating func giveUp(saying words: String) {
    // There is no start and no end left to wait for.
    intent.waitForNothing()
    _ = fail(saying: words)
  }
}
