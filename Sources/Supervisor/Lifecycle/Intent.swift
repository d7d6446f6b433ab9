package import Control
package import Machine

/// What is wanted of a VM, and what that makes of an end: the user's wish, the restart policy and its memory.
///
/// Pure; owned by the lifecycle.
package struct Intent: Sendable, Equatable {
  package internal(set) var desired: DesiredState
  package internal(set) var policy: RestartPolicy

  /// Whether the user wants it started again once it has ended; kept, so that a new supervisor does it.
  package internal(set) var startsAgain = false

  /// Whether the supervisor leaves with its guests: what ends stays down, wanted as it is.
  package internal(set) var isStandingDown = false

  /// Whether the supervisor leaves without its guests: what is due is its next one's to start.
  package internal(set) var startsNothing = false

  /// Automatic starts since the user's last `up` or `start`.
  package internal(set) var restarts = 0
  package internal(set) var budget = RestartBudget()

  /// What an automatic start is a consequence of; nil after the user's own.
  package internal(set) var restartCause: RestartCause?

  /// What holds its next start back; nil when nothing does.
  package internal(set) var hold: WaitReason?

  /// What the start that is held back is a consequence of, in words; nil when none is.
  package internal(set) var heldStart: String?

  /// The end that is wished and held back; nil when none is.
  package internal(set) var heldEnd: HeldEnd?

  package init(_ desired: DesiredState, _ policy: RestartPolicy) {
    self.desired = desired
    self.policy = policy
  }

  /// Whether it is to end, whatever it is found to be doing.
  package var isToEnd: Bool { startsAgain || (desired == .stopped || isStandingDown) && heldEnd == nil }

  /// Whether a start is due and held back.
  package var isWaiting: Bool { heldStart != nil }

  /// The user wants it to run: failures are counted anew; true when there were any.
  mutating func forgive() -> Bool {
    budget.forgive()
    guard restarts > 0 || restartCause != nil else { return false }
    restarts = 0
    restartCause = nil
    return true
  }

  /// The user wants it down.
  mutating func stop() {
    desired = .stopped
    startsAgain = false
    waitForNothing()
  }

  /// Neither its start nor its end is held back any more.
  mutating func waitForNothing() { (hold, heldEnd) = (nil, nil) }

  /// What follows from an end.
  package enum Consequence: Sendable, Equatable {
    /// It stays down, as its user wants.
    case stop

    /// It stays down and wanted: the supervisor leaves with its guests.
    case standDown

    /// It starts again, as its user wants.
    case startAgain

    /// It stays down, and is not wanted any more.
    case dropWish

    /// It stays down for now, and is wanted after the next boot of the host.
    case stopStillWanted

    /// Its policy starts nothing again.
    case fail

    /// It cannot be started.
    case refuse

    /// The host was rebooted.
    case startAtBoot

    /// One more failure, after which it starts again.
    case retry
  }

  package func consequence(of fact: Ending) -> Consequence {
    if desired == .stopped { return .stop }
    if isStandingDown { return .standDown }
    if startsAgain || fact.isWished { return .startAgain }
    switch fact.consequence(policy.mode) {
    case .stop: return .dropWish
    case .stopStillWanted: return .stopStillWanted
    case .fail: return .fail
    case .giveUp: return .refuse
    // During a restart it is one more failure.
    case .refuse: return restartCause == nil ? .refuse : .retry
    // What a start at boot lacks may be there a moment later: a refusal is not final.
    case .restart: return fact.isOfHost ? .startAtBoot : .retry
    }
  }
}
