package import Control
package import Host
package import Machine

/// The life of one VM: what is wanted, what is, and what to do next.
///
/// Pure: `handle` takes what happened and gives what is to be done; it reads no clock and does no I/O. Owned by the
/// VM's actor. The table of states stands in the README, what follows from a guest's end in `Ending`.
package struct Lifecycle: Sendable, Equatable {
  package enum Phase: Sendable, Equatable {
    case stopped

    /// A start is due and held back; with what it is a consequence of, in words.
    case waiting(String)
    case starting(Start)
    case running
    case paused(PauseReason)
    case stopping(StopLadder)
    case backoff(until: Instant)
    case failed
  }

  /// A start under way, or a guest being taken over.
  package struct Start: Sendable, Equatable {
    /// Whether a QEMU process exists.
    var hasProcess = false

    /// Whether QEMU finished its initialisation.
    var isNegotiated = false

    /// Whether it is a guest that a new supervisor found, which may be in any run state.
    var isAdoption = false

    /// How that guest was when it was last seen, running or paused; nil of one that is not known to have begun.
    var before: VMState?

    /// When a monitor that did not answer is given up.
    var deadline: Instant?
  }

  /// The time an input comes at, and the chance that spreads delays (0 to 1).
  package struct Moment: Sendable {
    package let now: Instant
    package let chance: Double

    package init(_ now: Instant, chance: Double = 0.5) {
      self.now = now
      self.chance = chance
    }
  }

  /// QEMU may take long before its monitor answers: it preallocates memory, reads a kernel from a slow disk.
  package static let startTimeout = Duration.seconds(180)

  package var policy: RestartPolicy
  package var stopTimeout: Duration

  /// Whether the machine that runs has a power button: without one its guest cannot be asked to end.
  package var hasPowerButton = true

  /// Whether a guest that panicked is kept to be looked at.
  package var keepsPanicked = false

  /// How the guest is looked after; nil when nobody asked for it.
  package internal(set) var check: HealthCheck?

  /// What follows when it hangs.
  var onHang = HangSetting.restart

  /// Whether the reset button was pressed on a guest that hangs.
  var isResetPressed = false

  /// Why nothing connects to QEMU's monitor any more, in words; nil while something does.
  var monitorLoss: String?

  /// Whether the guest has switched itself off, and only QEMU is left.
  var isGuestOff = false

  /// Whether the guest was taken over from an earlier supervisor.
  var wasTakenOver = false
  package internal(set) var desired: DesiredState
  package internal(set) var phase: Phase {
    didSet { if !isLookedAfter { check?.rest() } }
  }

  /// Why it is in this state, one sentence.
  package internal(set) var cause: String

  /// Automatic starts since the user's last `up` or `start`.
  package internal(set) var restarts: Int
  package internal(set) var budget: RestartBudget

  /// When the vCPUs first ran after the last start; nil while no guest runs.
  package internal(set) var runningSince: Instant?

  /// Grows with each start, so that a late answer to an earlier one is known as such.
  package internal(set) var attempt = 0

  /// What ended the guest, as far as QEMU's events have told.
  var ending: Ending?

  /// Why the last guest ended; nil before that.
  package internal(set) var lastEnding: Ending?

  /// Resets of the guest's own since it was started, until it has stayed up for long; nil from then on.
  var bootResets: Int? = 0

  /// When the guest last began to boot.
  var bootedAt: Instant?

  /// Whether the user wants it started again once it has ended; kept, so that a new supervisor does it.
  package internal(set) var startsAgain = false

  /// Whether the supervisor leaves with its guests: what ends stays down, wanted as it is.
  var isStandingDown = false

  /// What holds its next start back; nil when nothing does.
  package internal(set) var hold: WaitReason?

  /// The end that is wished and held back; nil when none is.
  package internal(set) var heldEnd: HeldEnd?

  /// What an automatic start is a consequence of; nil after the user's own.
  package internal(set) var restartCause: RestartCause?

  package init(
    policy: RestartPolicy, stopTimeout: Duration, desired: DesiredState = .stopped, phase: Phase = .stopped,
    cause: String = "created, not started yet", restarts: Int = 0, budget: RestartBudget = RestartBudget(),
    runningSince: Instant? = nil, restartCause: RestartCause? = nil, startsAgain: Bool = false
  ) {
    self.startsAgain = startsAgain
    self.policy = policy
    self.stopTimeout = stopTimeout
    self.desired = desired
    self.phase = phase
    self.cause = cause
    self.restarts = restarts
    self.budget = budget
    self.runningSince = runningSince
    self.restartCause = restartCause
  }

  package var state: VMState {
    switch phase {
    case .stopped: .stopped
    case .waiting: .waiting
    case .starting: .starting
    case .running: .running
    case .paused: .paused
    case .stopping: .stopping
    case .backoff: .backoff
    case .failed: .failed
    }
  }

  /// Whether a QEMU process exists, as far as is known here.
  package var hasProcess: Bool {
    switch phase {
    case .starting(let start): start.hasProcess
    case .running, .paused, .stopping: true
    case .stopped, .waiting, .backoff, .failed: false
    }
  }

  /// Whether a guest runs, or is on its way up or down.
  package var isUp: Bool {
    switch phase {
    case .waiting, .starting, .running, .paused, .stopping: true
    case .stopped, .backoff, .failed: false
    }
  }

  /// Whether a guest was found that has not said yet how it is.
  package var isTakingOver: Bool {
    if case .starting(let start) = phase { start.isAdoption } else { false }
  }

  /// Whether the next thing is a process of its own.
  package var awaitsSpawn: Bool {
    if case .starting(let start) = phase { !start.hasProcess } else { false }
  }

  /// Whether a process will come by itself.
  package var awaitsProcess: Bool {
    switch phase {
    case .backoff, .waiting: true
    default: awaitsSpawn
    }
  }

  /// When `timer` is due; nil while nothing waits for time.
  package var nextDeadline: Instant? {
    [phaseDeadline, check?.nextDeadline].compactMap { $0 }.min()
  }

  private var phaseDeadline: Instant? {
    switch phase {
    case .starting(let start): start.deadline
    case .stopping(let ladder): ladder.nextDeadline
    case .backoff(let until): until
    case .paused(.noSpace(_, let watch)): watch.due
    case .stopped, .waiting, .running, .paused, .failed: nil
    }
  }

  /// Takes what happened and gives what is to be done, in order.
  package mutating func handle(_ input: LifecycleInput, at moment: Moment) -> [LifecycleEffect] {
    switch input {
    case .start: return start(moment.now)
    case .startRefused(let words): return startRefused(words)
    case .stop(let timeout): return stop(timeout, moment.now)
    case .restart(let timeout): return restart(timeout, moment.now)
    case .kill: return kill(moment.now)
    case .standDown: return standDown(moment.now)
    case .hold(let reason): return hold(reason)
    case .release: return release()
    case .holdEnd(let end, let standingDown, let words):
      return holdEnd(end, standingDown: standingDown, saying: words, moment.now)
    case .releaseEnd: return releaseEnd(moment.now)
    case .spawned: return spawned(moment.now)
    case .spawnFailed(let words):
      guard case .starting = phase else { return [] }
      return end(.refused(words), moment)
    case .negotiated: return negotiated()
    case .runState(let state): return runState(state, moment)
    case .space(let isBack): return space(isBack)
    case .continueRefused(let words):
      guard case .starting = phase else { return [] }
      ending = .refused("cannot start: QEMU refused to let the guest run: '\(words)'")
      return descend(from: .quit, moment.now)
    case .buttonAnswered:
      guard case .stopping(var ladder) = phase else { return [] }
      ladder.buttonAnswered()
      phase = .stopping(ladder)
      return []
    case .guest(let event): return guest(event, moment)
    case .exited(let status, let stderr): return exited(status, stderr, moment)
    case .adopted: return adopted(moment.now)
    case .absent(let hostRebooted, let exit, let stderr): return absent(hostRebooted, exit, stderr, moment)
    case .monitorLost(let words): return monitorLost(words, moment.now)
    case .defined(let health, let onHang): return define(health: health, onHang: onHang, moment.now)
    case .health(let input): return looked(input, moment.now)
    case .timer: return timer(moment) + checkTimer(moment.now)
    }
  }
}

// MARK: - The user's wishes

extension Lifecycle {
  private mutating func start(_ now: Instant) -> [LifecycleEffect] {
    let isNews = desired != .running
    desired = .running
    let wasToEnd = heldEnd != nil
    heldEnd = nil
    switch phase {
    case .waiting:
      return forgive() ? [.announce] : []
    case .stopped, .failed, .backoff:
      budget.forgive()
      restarts = 0
      restartCause = nil
      return begin(saying: "started by the user")
    case .stopping:
      budget.forgive()
      restarts = 0
      restartCause = nil
      startsAgain = true
      cause = "stopping; it starts again then, as the user asked"
      return [.announce]
    case .starting(var start):
      if startsAgain { return [] }
      let isForgiven = forgive()
      // A guest that was found and was to end for its silence is waited for again.
      if start.isAdoption { start.deadline = Self.adoptionDeadline(start.before, now) }
      phase = .starting(start)
      ending = nil
      return (isNews ? resumeChecks(now) : []) + (isNews || isForgiven ? [.announce] : [])
    case .running, .paused:
      if wasToEnd { cause = state == .running ? runningCause : "paused; it stays, as the user asked" }
      return forgive() || isNews ? [.announce] : []
    }
  }

  /// Counts failures anew for a guest that is there; false when there were none.
  private mutating func forgive() -> Bool {
    budget.forgive()
    guard restarts > 0 || restartCause != nil else { return false }
    restarts = 0
    restartCause = nil
    if case .running = phase, check?.trouble == nil { cause = runningCause }
    return true
  }

  mutating func stop(_ timeout: Duration?, _ now: Instant) -> [LifecycleEffect] {
    desired = .stopped
    startsAgain = false
    (hold, heldEnd) = (nil, nil)
    if case .stopping(var ladder) = phase {
      if let timeout { ladder.shorten(to: timeout, now: now) }
      phase = .stopping(ladder)
      cause = "the user asked it to stop"
      return [.announce]
    }
    return lower(saying: "the user asked it to stop", timeout ?? stopTimeout, now)
  }

  private mutating func restart(_ timeout: Duration?, _ now: Instant) -> [LifecycleEffect] {
    switch phase {
    case .starting where isTakingOver, .running, .paused:
      desired = .running
      startsAgain = true
      heldEnd = nil
      budget.forgive()
      restarts = 0
      restartCause = nil
      return lower(saying: "the user asked it to restart", timeout ?? stopTimeout, now)
    case .stopped, .waiting, .failed, .backoff, .starting, .stopping:
      return start(now)
    }
  }

  private mutating func kill(_ now: Instant) -> [LifecycleEffect] {
    desired = .stopped
    startsAgain = false
    (hold, heldEnd) = (nil, nil)
    guard hasProcess else { return lower(saying: "the user asked to kill it", .zero, now) }
    ending = .killed
    cause = "the user asked to kill it"
    let (ladder, effects) = StopLadder.begin(at: .kill, now: now)
    phase = .stopping(ladder)
    return [.announce] + effects
  }

  /// Brings down what there is, gently where a guest runs.
  mutating func lower(saying words: String, _ timeout: Duration, _ now: Instant) -> [LifecycleEffect] {
    // One that is down has its cause already.
    if phase == .stopped { return [] }
    cause = words
    if let loss = monitorLoss, hasProcess {
      ending = ending ?? .wished
      return descend(from: .terminate, now) + [.tell(Self.withoutMonitor(loss))]
    }
    switch phase {
    case .stopped:
      return []
    case .failed, .backoff:
      return settle(.stopped, saying: "stopped by the user")
    case .waiting:
      return settle(.stopped, saying: "stopped by the user before it ran")
    case .starting(let start) where !start.hasProcess:
      return settle(.stopped, saying: "stopped by the user before it ran")
    case .starting(let start):
      ending = ending ?? .wished
      // An adopted guest is asked when its QEMU answers, which it may never do.
      if start.isAdoption { return expectAnswer(within: .seconds(5), now) }
      // No guest code has run before `cont`: there is nothing to ask.
      return descend(from: start.isNegotiated ? .quit : .terminate, now)
    case .running:
      ending = ending ?? .wished
      return descend(from: hasPowerButton ? .powerButton : .quit, now, timeout)
    case .paused(.user) where hasPowerButton:
      ending = ending ?? .wished
      return [.resume] + descend(from: .powerButton, now, timeout)
    case .paused:
      ending = ending ?? .wished
      return descend(from: .quit, now)
    case .stopping:
      return []
    }
  }
}

extension Lifecycle {
  /// A VM without a process that is to be forgotten.
  mutating func letGo() {
    phase = .stopped
    desired = .stopped
    (hold, heldEnd) = (nil, nil)
    cause = "stopped by the user"
  }

  /// A VM that cannot be started whatever is wished: it waits for its user.
  mutating func giveUp(saying words: String) {
    phase = .failed
    // There is no start and no end left to wait for.
    (hold, heldEnd) = (nil, nil)
    cause = words
  }
}

// MARK: - Transitions shared by wishes and happenings

extension Lifecycle {
  mutating func begin(saying words: String) -> [LifecycleEffect] {
    attempt += 1
    ending = nil
    startsAgain = false
    bootResets = 0
    bootedAt = nil
    isResetPressed = false
    monitorLoss = nil
    isGuestOff = false
    wasTakenOver = false
    runningSince = nil
    if let hold {
      phase = .waiting(words)
      cause = hold.sentence
      return [.announce]
    }
    cause = words
    phase = .starting(Start())
    // In this order: whoever waits, waits for the guest, and nothing need be recorded before its QEMU is there.
    return [.spawn, .announce]
  }

  mutating func settle(_ phase: Phase, saying words: String) -> [LifecycleEffect] {
    self.phase = phase
    cause = words
    runningSince = nil
    heldEnd = nil
    return [.announce]
  }

  mutating func descend(
    from step: StopLadder.Step, _ now: Instant, _ timeout: Duration = .zero
  ) -> [LifecycleEffect] {
    let (ladder, effects) = StopLadder.begin(at: step, timeout: timeout, now: now)
    phase = .stopping(ladder)
    return [.announce] + effects
  }
}
