internal import Control
internal import Host
internal import Machine
internal import QMP

// What QEMU and the clock say, and what follows from it.
extension Lifecycle {
  mutating func spawned(_ now: Instant) -> [LifecycleEffect] {
    guard case .starting(var start) = phase, !start.hasProcess else {
      return descend(from: .kill, now)
    }
    start.hasProcess = true
    start.deadline = now + Self.startTimeout
    phase = .starting(start)
    return [.negotiate]
  }

  mutating func negotiated() -> [LifecycleEffect] {
    monitorLoss = nil
    guard case .starting(var start) = phase else { return [] }
    start.isNegotiated = true
    phase = .starting(start)
    return start.isAdoption ? [.askRunState] : [.resume]
  }

  /// The answer to `query-status`: after an adoption, and after each STOP.
  mutating func runState(_ runState: RunState, _ moment: Moment) -> [LifecycleEffect] {
    switch phase {
    case .starting(let start):
      guard start.isAdoption || runState != .prelaunch else { return [] }
    case .running, .paused:
      break
    case .stopping(let ladder) where ladder.step == .powerButton:
      return runStateUnderTheButton(runState, moment.now)
    case .stopped, .waiting, .stopping, .backoff, .failed:
      return []
    }
    switch runState {
    case .running, .suspended:
      // A guest that sleeps (S3) wakes up without another RESUME.
      return isRunning(moment)
    case .prelaunch where lastKnown == .paused:
      // QEMU calls a paused guest so once it was reset.
      return pause(.user, saying: "paused by the user", moment.now)
    case .prelaunch where desired == .running:
      return [.resume]
    case .shutdown:
      return poweredOff(moment.now)
    case .watchdog:
      return pause(.kept("watchdog"), saying: Self.keptByWatchdog, moment.now)
    case .guestPanicked:
      return guest(.panicked, moment)
    case .internalError:
      ending = ending ?? .internalError
      cause = Ending.internalError.sentence
      return descend(from: .quit, moment.now)
    case .paused:
      return pause(.user, saying: "paused by the user", moment.now)
    case .ioError:
      switch phase {
      case .paused(.ioError), .paused(.noSpace): return []
      default: break
      }
      return pause(.ioError("a disk failed"), saying: "QEMU paused it: a disk failed", moment.now)
    default:
      return pause(.other(runState), saying: "QEMU paused it (\(runState))", moment.now)
    }
  }

  /// A guest whose vCPUs do not run is not one that ignores its power button.
  private mutating func runStateUnderTheButton(_ runState: RunState, _ now: Instant) -> [LifecycleEffect] {
    switch runState {
    case .running, .suspended: return []
    case .paused: return [.resume, .pressButton(first: false)]
    case .shutdown:
      isGuestOff = true
      return insist(now)
    default: return insist(now)
    }
  }

  mutating func guest(_ event: GuestEvent, _ moment: Moment) -> [LifecycleEffect] {
    switch event {
    case .resumed:
      return isRunning(moment)
    case .stopped:
      switch phase {
      case .stopping(let ladder) where ladder.step == .powerButton:
        // The guest is down and `set-action` came too late to end QEMU with it, or somebody has paused it.
        return [.askRunState]
      case .running, .starting: return [.askRunState]
      default: return []
      }
    case .shutdown(let reason):
      return shutdown(reason, moment.now)
    case .panicked:
      guard hasProcess else { return [] }
      if keepsPanicked, desired == .running, ending == nil {
        return pause(
          .kept("panic"), saying: "the guest panicked and is kept as it is (panic: pause)", moment.now)
      }
      if ending?.isWished != true {
        ending = .panicked
        cause = Ending.panicked.sentence
      }
      return insist(moment.now)
    case .watchdog(let action):
      return watchdog(action, moment.now)
    case .reset(let byGuest, let count):
      return (byGuest ? reset(count, moment.now) : []) + rebooted(moment.now)
    case .ioError(let words, let noSpace):
      // It cannot end by itself any more.
      if case .stopping(let ladder) = phase, ladder.step == .powerButton { return insist(moment.now) }
      guard state == .running || isTakingOver else { return [] }
      let reason: PauseReason = noSpace ? .noSpace(words, SpaceWatch(now: moment.now)) : .ioError(words)
      let outlook = noSpace ? "; it goes on by itself when there is space" : ""
      return pause(reason, saying: "QEMU paused it: \(words)\(outlook)", moment.now)
    }
  }

  private static let keptByWatchdog = "the guest missed its watchdog and is kept as it is (watchdog: pause)"

  private mutating func watchdog(_ action: String, _ now: Instant) -> [LifecycleEffect] {
    switch action {
    case "pause":
      // One that is to end anyway is ended when QEMU is asked why it stopped.
      if desired == .stopped || state == .stopping { return [] }
      return pause(.kept("watchdog"), saying: Self.keptByWatchdog, now)
    case "reset":
      guard case .running = phase else { return [] }
      cause = "its watchdog fired and reset the guest"
      return [.announce]
    default:
      ending = ending ?? .watchdog(action)
      return []
    }
  }

  /// How often a guest may reset itself before it has stayed up for the policy's `resetAfter`.
  static let mostBootResets = 10

  /// A guest that reset itself: none of our business once it has been up for long, a boot loop before.
  private mutating func reset(_ count: Int, _ now: Instant) -> [LifecycleEffect] {
    guard case .running = phase, let resets = bootResets else { return [] }
    if let began = bootedAt ?? runningSince, now - began >= policy.resetAfter {
      bootResets = nil
      return [.save]
    }
    bootedAt = now
    bootResets = resets + count
    guard resets + count >= Self.mostBootResets else { return [.save] }
    ending = ending ?? .bootLoop(resets + count)
    cause = Ending.bootLoop(resets + count).sentence
    return descend(from: .quit, now)
  }

  /// A guest that boots anew is to show anew that it is ready.
  private mutating func rebooted(_ now: Instant) -> [LifecycleEffect] {
    guard let before = check?.health, state == .running || state == .paused else { return [] }
    check?.boot(now, inNewQEMU: false)
    let effects = check?.awaitsConsole == true ? [LifecycleEffect.watchConsole(afresh: true)] : []
    guard check?.health != before else { return effects.isEmpty ? [] : effects + [.save] }
    if state == .running { cause = runningCause }
    // Behind what changes where the console is read from: it is kept with it.
    return effects + [.announce]
  }

  /// The answer to a look for space.
  mutating func space(_ isBack: Bool) -> [LifecycleEffect] {
    guard case .paused(.noSpace) = phase else { return [] }
    return isBack ? [.resume] : []
  }

  private mutating func isRunning(_ moment: Moment) -> [LifecycleEffect] {
    switch phase {
    case .starting, .paused: break
    case .running, .stopping, .stopped, .waiting, .backoff, .failed: return []
    }
    var adopted = false
    var boots = false
    if case .starting(let start) = phase { (adopted, boots) = (start.isAdoption, start.before == nil) }
    phase = .running
    if runningSince == nil { runningSince = moment.now }
    if !startsAgain { ending = nil }
    if boots || check?.isBooted == false { check?.boot(moment.now, inNewQEMU: true) }
    cause = check?.trouble ?? runningCause
    guard adopted, isToEnd else {
      return [.announce] + resumeChecks(moment.now)
    }
    ending = .wished
    cause = startsAgain ? "the user asked it to restart" : "the user asked it to stop"
    return descend(from: hasPowerButton ? .powerButton : .quit, moment.now, stopTimeout)
  }

  private mutating func pause(
    _ reason: PauseReason, saying words: String, _ now: Instant
  ) -> [LifecycleEffect] {
    if isToEnd {
      ending = .wished
      if reason == .user, hasPowerButton { return [.resume] + descend(from: .powerButton, now, stopTimeout) }
      return descend(from: .quit, now)
    }
    guard phase != .paused(reason) else { return [] }
    ending = nil
    phase = .paused(reason)
    cause = words
    return [.announce]
  }

  private mutating func shutdown(_ reason: String, _ now: Instant) -> [LifecycleEffect] {
    switch reason {
    case "guest-shutdown":
      if case .stopping = phase { return [] }
      return poweredOff(now)
    case "guest-reset":
      ending = ending ?? .resetItself
    case "guest-panic":
      ending = ending ?? .panicked
    case "host-qmp-quit", "host-signal", "host-ui", "host-error":
      // Our own quit or signal has set the ending before.
      ending = ending ?? .endedFromOutside(reason)
    default:
      break
    }
    return []
  }

  /// The guest is off and QEMU waits: what follows is settled on disk before QEMU is told to quit.
  private mutating func poweredOff(_ now: Instant) -> [LifecycleEffect] {
    guard hasProcess else { return [] }
    isGuestOff = true
    if desired == .stopped, ending == nil { ending = .wished }
    ending = ending ?? .poweredOff
    cause = Ending.poweredOff.sentence
    var effects: [LifecycleEffect] = []
    if ending == .poweredOff, !startsAgain, Ending.poweredOff.consequence(policy.mode) == .stop {
      desired = .stopped
      // Whoever finds the wish gone is to find why.
      effects = [.save, .dropWish]
    }
    return effects + insist(now)
  }

  /// Ends a QEMU whose guest can no longer be asked.
  private mutating func insist(_ now: Instant) -> [LifecycleEffect] {
    guard case .stopping(var ladder) = phase else { return descend(from: .quit, now) }
    let effects = ladder.advance(to: .quit, now: now)
    phase = .stopping(ladder)
    return effects
  }

  mutating func exited(_ status: ExitStatus, _ stderr: String, _ moment: Moment) -> [LifecycleEffect] {
    guard hasProcess else { return [] }
    let quoted = stderr.isEmpty ? "" : ": '\(stderr)'"
    switch ending {
    case nil:
      guard case .starting(let start) = phase, !start.isNegotiated, !start.isAdoption else {
        return end(.died(status), moment, detail: quoted)
      }
      switch status {
      case .code(let code):
        let words = "cannot start: QEMU exited with code \(code) before QMP answered\(quoted)"
        return end(.refused(words), moment)
      case .signal(Signal.forbiddenCall):
        return end(.forbidden, moment, detail: quoted)
      case .signal, .unknown:
        return end(.died(status), moment, detail: quoted)
      }
    case .endedFromOutside(let reason)?:
      return end(.endedFromOutside(reason), moment, detail: quoted)
    case let fact?:
      return end(fact, moment)
    }
  }

  mutating func timer(_ moment: Moment) -> [LifecycleEffect] {
    switch phase {
    case .backoff(let until) where moment.now >= until:
      restarts += 1
      return begin(saying: "starting again (restart \(restarts)): \(restartCause?.words ?? "it failed")")
    case .starting(let start):
      guard let deadline = start.deadline, moment.now >= deadline else { return [] }
      if ending == .wished { return descend(from: .terminate, moment.now) }
      ending = ending ?? .mute(Int(Self.startTimeout.components.seconds))
      return descend(from: .kill, moment.now)
    case .paused(.noSpace(let words, let watch)):
      guard moment.now >= watch.due else { return [] }
      // Also when there is some by then: if it is too little, QEMU stops the guest again, and this is a later look.
      phase = .paused(.noSpace(words, watch.next(now: moment.now)))
      return [.lookForSpace]
    case .stopping(var ladder):
      let (before, patience) = (ladder.step, ladder.patience)
      let effects = ladder.due(at: moment.now)
      phase = .stopping(ladder)
      guard ladder.step != before, ending == .wished else { return effects }
      let who = before == .powerButton ? "the guest" : "QEMU"
      let words =
        "\(who) did not end within \(patience.inWords) on \(before.words); trying \(ladder.step.words)"
      return effects + [.tell(words)]
    default:
      return []
    }
  }
}

// MARK: - The end of a guest

extension Lifecycle {
  /// No process is left: settles what follows from the reason.
  mutating func end(_ fact: Ending, _ moment: Moment, detail: String = "") -> [LifecycleEffect] {
    let uptime = runningSince.map { moment.now - $0 } ?? .zero
    let wasRestart = restartCause != nil
    var forced = ""
    if case .stopping(let ladder) = phase, ladder.isForced, fact == .wished, !isGuestOff {
      forced = " (ended by \(ladder.step.words))"
    }
    ending = nil
    lastEnding = fact
    let words = fact.sentence + detail

    if desired == .stopped {
      return settle(.stopped, saying: words + forced)
    }
    if isStandingDown {
      return settle(.stopped, saying: Self.stoodDown + forced)
    }
    if startsAgain || fact.isWished {
      restarts = 0
      restartCause = nil
      return begin(saying: "started again by the user" + forced)
    }
    switch fact.consequence(policy.mode) {
    case .stop:
      desired = .stopped
      return [.dropWish] + settle(.stopped, saying: words)
    case .stopStillWanted:
      return settle(.stopped, saying: words)
    case .fail:
      return settle(.failed, saying: "\(words); its restart policy is 'no'")
    case .giveUp:
      return settle(.failed, saying: words)
    case .refuse where !wasRestart:
      return settle(.failed, saying: words)
    case .restart where fact == .hostRebooted:
      // What a start at boot lacks may be there a moment later: a refusal is not final.
      restarts = 0
      restartCause = RestartCause("started again: the host was rebooted", .hostRebooted)
      return begin(saying: "started again: the host was rebooted")
    case .refuse, .restart:
      return retry(after: RestartCause(words, EndingKind(fact)), uptime, moment)
    }
  }

  private mutating func retry(
    after cause: RestartCause, _ uptime: Duration, _ moment: Moment
  ) -> [LifecycleEffect] {
    restartCause = cause
    let words = cause.words
    let ran = runningSince != nil
    runningSince = nil
    switch budget.fail(policy, at: moment.now, uptime: uptime, everRan: ran, chance: moment.chance) {
    case .giveUp(let failures, let window):
      return settle(.failed, saying: "given up after \(failures) failures within \(window.inWords): \(words)")
    case .restart(.zero):
      restarts += 1
      return begin(saying: "starting again at once: \(words)")
    case .restart(let delay):
      return settle(
        .backoff(until: moment.now + delay), saying: "\(words); it starts again in \(delay.inWords)")
    }
  }
}
