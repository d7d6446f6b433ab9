package import Control
package import Host
package import Machine

/// The life of one VM: what is wanted of it, its QEMU's process, and the guest in it, brought together.
///
/// Pure: `handle` takes what happened and gives what is to be done; it reads no clock and does no I/O. Owned by the
/// VM's actor. Each part knows nothing of the others; what follows from one for another is said here. The table of
/// states stands in the README, what follows from a guest's end in `Ending`.
package struct Lifecycle: Sendable, Equatable {
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

  /// How long a QEMU that was found and is to end may take to say how its guest is.
  static let adoptionTimeout = Duration.seconds(5)

  package internal(set) var intent: Intent
  package internal(set) var process = ProcessLife()
  package internal(set) var guest: Guest

  /// What the guest has from its power button until it is made to end.
  package var stopTimeout: Duration

  /// Why it is in this state, one sentence.
  package internal(set) var cause = "created, not started yet"

  /// Why the guest runs without KVM, which it had the last time; nil where it has it, never had it, or does not want it.
  package var lostKVM: String?

  /// What ends the QEMU that is there, as far as is known.
  var ending: Ending?

  /// Why the last guest ended; nil before that.
  package internal(set) var lastEnding: Ending?

  package init(policy: RestartPolicy, stopTimeout: Duration, desired: DesiredState = .stopped) {
    intent = Intent(desired, policy)
    guest = Guest(resetAfter: policy.resetAfter)
    self.stopTimeout = stopTimeout
  }

  package var policy: RestartPolicy {
    get { intent.policy }
    set {
      intent.policy = newValue
      guest.resetAfter = newValue.resetAfter
    }
  }

  package var desired: DesiredState { intent.desired }

  package var state: VMState {
    switch process.state {
    case .idle: intent.isWaiting ? .waiting : .stopped
    case .spawning: .starting
    case .starting, .ready:
      switch guest.state {
      case .off, .booting, .found: .starting
      case .running: .running
      case .paused: .paused
      }
    case .ending: .stopping
    case .backoff: .backoff
    case .givenUp: .failed
    }
  }

  /// How the guest is, as everyone sees it.
  package var health: Health {
    guard let check = guest.check else { return .none }
    switch state {
    case .stopped, .waiting, .backoff, .failed: return .none
    case .starting: return .starting
    case .running, .stopping: return check.health
    case .paused:
      return switch guest.state {
      // The guest is not well that waits for a disk, or is kept to be looked at.
      case .paused(.ioError), .paused(.noSpace), .paused(.keptAfterPanic), .paused(.keptByWatchdog):
        .unhealthy
      case .off, .booting, .found, .running, .paused(.user), .paused(.other): check.health
      }
    }
  }

  /// Whether a QEMU process exists, as far as is known here.
  package var hasProcess: Bool { process.hasProcess }

  /// Whether a guest runs, or is on its way up or down.
  package var isUp: Bool {
    switch state {
    case .waiting, .starting, .running, .paused, .stopping: true
    case .stopped, .backoff, .failed: false
    }
  }

  /// Whether a guest was found that has not said yet how it is.
  package var isTakingOver: Bool {
    if case .found = guest.state { state == .starting } else { false }
  }

  /// Whether the next thing is a process of its own.
  package var awaitsSpawn: Bool { process.state == .spawning }

  /// Whether a process will come by itself.
  package var awaitsProcess: Bool {
    switch state {
    case .backoff, .waiting: true
    case .starting: awaitsSpawn
    case .stopped, .running, .paused, .stopping, .failed: false
    }
  }

  /// The state, for the next supervisor; of a guest that is being taken over, as it was last seen.
  package var lastKnown: VMState {
    guard isTakingOver else { return state }
    return switch guest.state {
    case .found(.running): .running
    case .found(.paused): .paused
    default: .starting
    }
  }

  /// When `timer` is due; nil while nothing waits for time.
  package var nextDeadline: Instant? {
    let guestDeadline = hasProcess && process.course == nil ? guest.nextDeadline : nil
    let isHeld = intent.startsNothing && state == .backoff
    return [isHeld ? nil : process.nextDeadline, guestDeadline].compactMap { $0 }.min()
  }

  /// Takes what happened and gives what is to be done, in order.
  package mutating func handle(_ input: LifecycleInput, at moment: Moment) -> [LifecycleEffect] {
    let effects = follow(input, moment)
    if !hasProcess || process.course != nil || !guest.isProbed { guest.check?.stopProbing() }
    return effects
  }

  private mutating func follow(_ input: LifecycleInput, _ moment: Moment) -> [LifecycleEffect] {
    let now = moment.now
    switch input {
    case .start: return start(now)
    case .startRefused(let words): return startRefused(words)
    case .stop(let timeout): return stop(timeout, now)
    case .restart(let timeout): return restart(timeout, now)
    case .kill: return kill(now)
    case .standDown: return standDown(now)
    case .insist: return insist(now)
    case .startNothing:
      intent.startsNothing = true
      return []
    case .hold(let reason): return hold(reason, now)
    case .release: return release(now)
    case .holdEnd(let end, let standingDown, let words):
      return holdEnd(end, standingDown: standingDown, saying: words, now)
    case .releaseEnd: return releaseEnd(now)
    case .spawned: return spawned(now)
    case .spawnFailed(let words):
      guard process.handle(.spawnFailed, at: now) != [] else { return [] }
      return end(.refused(words), step: nil, moment)
    case .exited(let status, let stderr): return exited(status, stderr, moment)
    case .adopted: return adopted(now)
    case .absent(let hostRebooted, let exit, let stderr): return absent(hostRebooted, exit, stderr, moment)
    case .negotiated:
      if case .starting(let deadline) = process.state { awaitAnswer(by: deadline, now, isReady: true) }
      return observe(.negotiated, moment)
    case .runState(let runState): return observe(.runState(runState), moment)
    case .continueRefused(let words): return observe(.continueRefused(words), moment)
    case .guest(let event): return observe(.event(event), moment)
    case .space(let isBack): return observe(.space(isBack), moment)
    case .helperEnded(let words): return helperEnded(words, now)
    case .monitorLost(let words): return observe(.monitorLost(words), moment)
    case .defined(let health, let onHang): return observe(.rules(health, onHang), moment)
    case .health(let result): return observe(.probed(result), moment)
    case .buttonAnswered:
      return perform(process.handle(.answered, at: now), now)
    case .timer: return timer(moment)
    }
  }
}

// MARK: - Transitions shared by all

extension Lifecycle {
  /// Starts a QEMU, unless something holds that back.
  mutating func begin(saying words: String, _ now: Instant) -> [LifecycleEffect] {
    forgetProcess()
    intent.startsAgain = false
    ending = nil
    if let reason = intent.hold {
      intent.heldStart = words
      cause = reason.sentence
      return [.announce]
    }
    intent.heldStart = nil
    cause = words
    return perform(process.handle(.start, at: now), now)
  }

  /// No QEMU is there: the VM stays down, stopped, and nothing is held back any more.
  mutating func settle(saying words: String) -> [LifecycleEffect] {
    forgetProcess()
    (intent.heldStart, intent.heldEnd) = (nil, nil)
    cause = words
    return [.announce]
  }

  /// The same of one that waits for its user.
  mutating func fail(saying words: String) -> [LifecycleEffect] {
    _ = settle(saying: words)
    process.giveUp()
    return [.announce]
  }

  /// Forgets a process that is gone, or was to come, and its guest.
  private mutating func forgetProcess() {
    process.forget()
    guest.forget()
  }

  /// Begins the teardown at a step, or goes straight to it where it lies ahead.
  mutating func beginTeardown(
    at action: TeardownStep.Action, _ now: Instant, buttonTime: Duration = .zero
  ) -> [LifecycleEffect] {
    let teardown = Teardown.qemu(buttonTime: buttonTime).from(action)
    return perform(process.handle(.end(teardown), at: now), now)
  }

  /// Asks the guest to end, or QEMU where the guest cannot be asked.
  mutating func askToEnd(_ now: Instant, within time: Duration) -> [LifecycleEffect] {
    beginTeardown(at: guest.hasPowerButton ? .ask(.powerButton) : .ask(.quit), now, buttonTime: time)
  }

  /// QEMU is waited for until then: for its monitor, and, once that has answered, for its guest.
  mutating func awaitAnswer(by deadline: Instant?, _ now: Instant, isReady: Bool = false) {
    if isReady { _ = process.handle(.ready, at: now) }
    if process.state == .ready {
      _ = guest.handle(.expectAnswer(by: deadline), at: now)
    } else {
      _ = process.handle(.expectReady(by: deadline), at: now)
    }
  }

  /// What the process's part says, for the machinery around the VM.
  mutating func perform(_ effects: [ProcessEffect], _ now: Instant) -> [LifecycleEffect] {
    effects.flatMap { effect -> [LifecycleEffect] in
      switch effect {
      case .spawn: return [.spawn]
      case .awaitReadiness: return [.negotiate]
      case .announce: return [.announce]
      case .outlived: return [.tellUnkillable]
      case .take(.ask(.powerButton), let isRepeat): return [.pressButton(first: !isRepeat)]
      case .take(.ask(.quit), _): return [.quit]
      case .take(.wait, _): return []
      case .take(.signal(let number), _): return [.signal(number)]
      case .overdue(let action, let time, let next):
        guard ending == .wished else { return [] }
        let who = action == .ask(.powerButton) ? "the guest" : "QEMU"
        return [
          .tell("\(who) did not end within \(time.inWords) on \(action.words); trying \(next.words)")
        ]
      case .notReadyInTime: return silent(now)
      // Taken where it happens.
      case .ended: return []
      }
    }
  }

  /// Neither QEMU nor its guest has answered in the time given.
  mutating func silent(_ now: Instant) -> [LifecycleEffect] {
    if ending == .wished { return beginTeardown(at: .signal(Signal.terminate), now) }
    ending = ending ?? .monitorTimedOut(Int(Self.startTimeout.components.seconds))
    return beginTeardown(at: .signal(Signal.kill), now)
  }

  private mutating func timer(_ moment: Moment) -> [LifecycleEffect] {
    if case .backoff(let until) = process.state {
      guard moment.now >= until, !intent.startsNothing else { return [] }
      intent.restarts += 1
      let words = intent.restartCause?.words ?? "it failed"
      return begin(saying: "starting again (restart \(intent.restarts)): \(words)", moment.now)
    }
    return perform(process.handle(.timer, at: moment.now), moment.now) + observe(.timer, moment)
  }
}
