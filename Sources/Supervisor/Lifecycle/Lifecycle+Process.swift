internal import Control
internal import Host
internal import Machine

// What becomes of a VM's QEMU, and what follows from its end.
extension Lifecycle {
  mutating func spawned(_ now: Instant) -> [LifecycleEffect] {
    let deadline = now + Self.startTimeout
    if awaitsSpawn { _ = guest.handle(.created(answerBy: nil), at: now) }
    return perform(process.handle(.spawned(readyBy: deadline), at: now), now)
  }

  mutating func exited(_ status: ExitStatus, _ stderr: String, _ moment: Moment) -> [LifecycleEffect] {
    guard case .ended(let exit)? = process.handle(.exited(status), at: moment.now).first else { return [] }
    let quoted = stderr.isEmpty ? "" : ": '\(stderr)'"
    switch ending {
    case nil where exit.isBeforeReady:
      switch status {
      case .code(let code):
        let words = "cannot start: QEMU exited with code \(code) before QMP answered\(quoted)"
        return end(.refused(words), step: exit.step, moment)
      case .signal(Signal.forbiddenCall):
        return end(.forbidden, step: exit.step, moment, detail: quoted)
      case .signal, .unknown:
        return end(.died(status), step: exit.step, moment, detail: quoted)
      }
    case nil:
      return end(.died(status), step: exit.step, moment, detail: quoted)
    case .endedFromOutside(let reason)?:
      return end(.endedFromOutside(reason), step: exit.step, moment, detail: quoted)
    case let fact?:
      return end(fact, step: exit.step, moment)
    }
  }

  /// No process is left: settles what follows from the reason.
  ///
  /// `step` is how far the teardown had come.
  mutating func end(
    _ fact: Ending, step: TeardownStep.Action?, _ moment: Moment, detail: String = ""
  ) -> [LifecycleEffect] {
    let now = moment.now
    let started = guest.runningSince
    var forced = ""
    if let step, step != .ask(.powerButton), fact == .wished, guest.state != .off {
      forced = " (ended by \(step.words))"
    }
    lastEnding = fact
    ending = nil
    let words = fact.sentence + detail

    switch intent.consequence(of: fact) {
    case .stop:
      return settle(saying: words + forced)
    case .standDown:
      return settle(saying: Self.stoodDown + forced)
    case .startAgain:
      intent.restarts = 0
      intent.restartCause = nil
      return begin(saying: "started again by the user" + forced, now)
    case .dropWish:
      intent.desired = .stopped
      return [.dropWish] + settle(saying: words)
    case .stopStillWanted:
      return settle(saying: words)
    case .fail:
      return fail(saying: "\(words); its restart policy is 'no'")
    case .refuse:
      return fail(saying: words)
    case .startAtBoot:
      intent.restarts = 0
      intent.restartCause = RestartCause("started again: \(words)", EndingKind(fact))
      return begin(saying: "started again: \(words)", now)
    case .retry:
      return retry(
        after: RestartCause(words, EndingKind(fact)), ran: started.map { now - $0 }, moment,
        notBefore: fact.mayBeOfInit ? Self.pauseAfterSignal : .zero)
    }
  }

  /// An init system that brings its host down ends us a moment after a guest, or before: what a signal has ended is
  /// started again when no such word has come.
  static let pauseAfterSignal = Duration.seconds(2)

  /// One more failure; `ran` is how long its vCPUs had run, nil when they never did.
  private mutating func retry(
    after cause: RestartCause, ran: Duration?, _ moment: Moment, notBefore pause: Duration
  ) -> [LifecycleEffect] {
    let now = moment.now
    intent.restartCause = cause
    let words = cause.words
    let verdict = intent.budget.fail(
      policy, at: now, uptime: ran ?? .zero, everRan: ran != nil, chance: moment.chance)
    switch verdict {
    case .giveUp(let failures, let window):
      return fail(saying: "given up after \(failures) failures within \(window.inWords): \(words)")
    case .restart(.zero) where pause == .zero && !intent.startsNothing:
      intent.restarts += 1
      return begin(saying: "starting again at once: \(words)", now)
    case .restart(let wait):
      let delay = max(wait, pause)
      _ = settle(saying: "\(words); it starts again in \(delay.inWords)")
      return perform(process.handle(.backOff(until: now + delay), at: now), now)
    }
  }
}

// MARK: - A QEMU that somebody else ends

extension Lifecycle {
  /// Waits for a QEMU that has said that a signal, or somebody on its monitor, ends it.
  ///
  /// One that is told so while it answers a command may wait for itself for ever (seen with QEMU 7.2): its monitor
  /// answers nothing more, and it is there still.
  mutating func endsByItself(_ now: Instant) -> [LifecycleEffect]? {
    guard case .endedFromOutside? = ending, let fact = ending else { return nil }
    cause = fact.sentence
    return perform(process.handle(.end(.byItself), at: now), now)
  }
}

// MARK: - A helper that has ended under its guest

extension Lifecycle {
  /// The guest cannot go on: QEMU ends, in order, so that its disks are whole.
  mutating func helperEnded(_ words: String, _ now: Instant) -> [LifecycleEffect] {
    guard hasProcess, process.course == nil, ending == nil else { return [] }
    blameHelper(words)
    cause = words
    // One that has not negotiated takes no command.
    let isReachable = process.state == .ready && guest.monitorLoss == nil
    return beginTeardown(at: isReachable ? .ask(.quit) : .signal(Signal.terminate), now)
  }

  /// QEMU's own end, if nothing else has brought it about, is that of a helper; before QEMU was ready it is a start that
  /// has failed.
  mutating func blameHelper(_ words: String) {
    guard ending == nil else { return }
    if case .starting = process.state, !process.isAdopted {
      ending = .refused("cannot start: \(words)")
    } else {
      ending = .helperEnded(words)
    }
  }
}

// MARK: - What a new supervisor finds

extension Lifecycle {
  /// A guest that runs without us: asked how it is, and given time to answer only when it is to end, or has not begun.
  mutating func adopted(_ now: Instant) -> [LifecycleEffect] {
    let lastSeen: Guest.LastSeen? =
      switch lastKnown {
      case .paused: .paused
      case .running, .stopping: .running
      case .stopped, .waiting, .starting, .backoff, .failed: nil
      }
    let deadline = Self.adoptionDeadline(lastSeen, now)
    _ = guest.handle(.found(lastSeen, answerBy: nil), at: now)
    intent.heldStart = nil
    cause = "taken over by a new supervisor; its QEMU has not answered yet"
    let effects = perform(process.handle(.adopted(readyBy: deadline), at: now), now)
    if let end = endsByItself(now) { return effects + end }
    guard intent.isToEnd else { return effects + observe(.probe, Moment(now)) }
    ending = ending ?? .wished
    awaitAnswer(by: now + Self.adoptionTimeout, now)
    return effects + [.announce]
  }

  /// When the monitor of a QEMU that was found is given up.
  static func adoptionDeadline(_ lastSeen: Guest.LastSeen?, _ now: Instant) -> Instant? {
    lastSeen == nil ? now + startTimeout : nil
  }

  /// Where an earlier supervisor left it; `adopted` or `absent` follows.
  mutating func restore(_ state: VMState, until: Instant?, at now: Instant) {
    guest.forget()
    (process, intent.heldStart) = (ProcessLife(), nil)
    switch state {
    case .stopped: break
    case .waiting:
      intent.heldStart = intent.restartCause.map { "starting again: \($0.words)" } ?? "started by the user"
    case .starting: process = ProcessLife(.spawning)
    case .running: (process, guest.state) = (ProcessLife(.ready), .running)
    case .paused: (process, guest.state) = (ProcessLife(.ready), .paused(.user))
    case .stopping: (process, guest.state) = (.ending(at: now), .running)
    case .backoff: process = ProcessLife(.backoff(until: until ?? now))
    case .failed: process = ProcessLife(.givenUp)
    }
  }

  /// The QEMU that was found is not the one that all this was known of: its guest begins anew.
  mutating func forgetGuest() {
    process = ProcessLife(.spawning)
    guest.forget()
    guest.check = (guest.check?.rules).map { HealthCheck($0) }
    intent.startsAgain = false
    ending = nil
  }

  /// No QEMU was found.
  mutating func absent(
    _ hostRebooted: Bool, _ exit: ExitStatus?, _ stderr: String, _ moment: Moment
  ) -> [LifecycleEffect] {
    let now = moment.now
    guard desired == .running else {
      if state == .failed || state == .stopped { return [] }
      return settle(saying: (ending ?? .wished).sentence)
    }
    if hostRebooted { return endAbsent(wasCutOff ? .cutOff : .hostRebooted, moment) }
    if intent.startsAgain { return begin(saying: "started again by the user", now) }
    switch state {
    case .stopped, .failed, .backoff: return []
    case .waiting: return begin(saying: intent.heldStart ?? cause, now)
    case .starting: return begin(saying: cause, now)
    case .running, .paused, .stopping:
      if let ending { return endAbsent(ending, moment) }
      let detail = stderr.isEmpty ? "" : ": '\(stderr)'"
      return endAbsent(exit.map { .died($0) } ?? .vanished, moment, detail: detail)
    }
  }

  /// Whether its guest ran when its host went down, and was not asked to power off; or had just been sent a signal, as
  /// an init system sends it to all processes at the end.
  private var wasCutOff: Bool {
    switch state {
    case .running, .paused: true
    case .backoff: intent.restartCause?.ending == .endedFromOutside
    case .stopped, .waiting, .starting, .stopping, .failed: false
    }
  }

  /// One that is not there has ended while nobody looked.
  private mutating func endAbsent(
    _ fact: Ending, _ moment: Moment, detail: String = ""
  ) -> [LifecycleEffect] {
    let step = process.course?.step.action
    return end(fact, step: step, moment, detail: detail)
  }
}
