internal import Control
internal import Host
internal import Machine
internal import QMP

// What is seen of the guest, and what follows from it.
extension Lifecycle {
  mutating func observe(_ input: GuestInput, _ moment: Moment) -> [LifecycleEffect] {
    if process.course != nil { return observeEnding(input, moment.now) }
    if !hasProcess, !input.isDefinition { return [] }
    // A guest that is to end is ended when QEMU is asked why it has stopped.
    if input == .event(.watchdog(action: "pause")), desired == .stopped { return [] }
    var effects: [LifecycleEffect] = []
    for finding in guest.handle(input, at: moment.now) {
      effects += follow(finding, moment.now)
      // What is found of a guest that goes down is of no use any more.
      if process.course != nil { break }
    }
    return effects
  }

  private mutating func follow(_ finding: GuestEffect, _ now: Instant) -> [LifecycleEffect] {
    switch finding {
    case .runs(let wasFound): return runs(wasFound, now)
    case .paused(let reason): return paused(reason, now)
    case .unreleased:
      if desired == .running { return [.resume] }
      return guest.pause(.other(.prelaunch)).isEmpty ? [] : paused(.other(.prelaunch), now)
    case .panicked: return panicked(now)
    case .watchdogReset:
      cause = "its watchdog fired and reset the guest"
      return [.announce]
    case .fact(let fact):
      // Our own quit or signal has set the ending before.
      ending = ending ?? fact
      return endsByItself(now) ?? []
    case .over(.poweredOff, _): return poweredOff(now)
    case .over(.refused(let words), _):
      ending = .refused(words)
      return beginTeardown(at: .ask(.quit), now)
    case .over(let fact, let end): return over(fact, end, now)
    case .silent: return silent(now)
    case .foundHanging(let words):
      cause = "taken over by a new supervisor; it hangs: \(words)"
      return [.announce]
    case .monitorLost: return monitorLost(now)
    case .condition(let help):
      cause = guest.check?.trouble.map { "\($0)\(help)" } ?? runningCause
      return [.announce]
    case .announce: return [.announce]
    case .save: return [.save]
    case .askRunState: return [.askRunState]
    case .resume: return [.resume]
    case .probe: return [.probe]
    case .probeGuest(let number): return [.probeGuest(number)]
    case .watchConsole(let afresh): return [.watchConsole(afresh: afresh)]
    case .pressReset: return [.pressReset]
    case .checkSpace: return [.checkSpace]
    }
  }

  private mutating func runs(_ wasFound: Bool, _ now: Instant) -> [LifecycleEffect] {
    _ = process.handle(.ready, at: now)
    if !intent.startsAgain { ending = nil }
    cause = guest.check?.trouble ?? runningCause
    guard wasFound, intent.isToEnd else { return [.announce] }
    ending = .wished
    cause = intent.startsAgain ? "the user asked it to restart" : "the user asked it to stop"
    return askToEnd(now, within: stopTimeout)
  }

  private mutating func paused(_ reason: PauseReason, _ now: Instant) -> [LifecycleEffect] {
    _ = process.handle(.ready, at: now)
    guard intent.isToEnd else {
      ending = nil
      cause = reason.sentence
      return [.announce]
    }
    ending = .wished
    guard reason == .user, guest.hasPowerButton else { return beginTeardown(at: .ask(.quit), now) }
    return [.resume] + askToEnd(now, within: stopTimeout)
  }

  private mutating func panicked(_ now: Instant) -> [LifecycleEffect] {
    if guest.keepsPanicked, desired == .running, ending == nil, process.course == nil {
      return guest.pause(.keptAfterPanic).isEmpty ? [] : paused(.keptAfterPanic, now)
    }
    if ending?.isWished != true {
      ending = .panicked
      cause = Ending.panicked.sentence
    }
    return beginTeardown(at: .ask(.quit), now)
  }

  private mutating func over(_ fact: Ending, _ end: GuestEffect.End, _ now: Instant) -> [LifecycleEffect] {
    ending = ending ?? fact
    if case .hung(let words) = fact { cause = "the guest hangs: \(words)" } else { cause = fact.sentence }
    switch end {
    case .quit: return beginTeardown(at: .ask(.quit), now)
    case .kill: return beginTeardown(at: .signal(Signal.kill), now)
    }
  }

  /// The guest is off and QEMU waits: what follows is settled on disk before QEMU is told to quit.
  private mutating func poweredOff(_ now: Instant) -> [LifecycleEffect] {
    if desired == .stopped, ending == nil { ending = .wished }
    ending = ending ?? .poweredOff
    cause = Ending.poweredOff.sentence
    var effects: [LifecycleEffect] = []
    if ending == .poweredOff, !intent.startsAgain, Ending.poweredOff.consequence(policy.mode) == .stop {
      intent.desired = .stopped
      // Whoever finds the wish gone is to find why.
      effects = [.save, .dropWish]
    }
    return effects + beginTeardown(at: .ask(.quit), now)
  }

  /// The cause of a guest that runs and has no trouble.
  var runningCause: String {
    [healthyCause, lostKVM, guest.monitorLoss.map { _ in monitorTrouble }].compactMap { $0 }.joined(
      separator: "; ")
  }

  /// Nil where there is nothing but what the state says itself.
  private var healthyCause: String? {
    guard let restartCause = intent.restartCause else {
      if guest.isTakenOver { return "taken over by a new supervisor" }
      return guest.monitorLoss == nil ? "running" : nil
    }
    let restarts = intent.restarts
    if restarts == 0 { return restartCause.words }
    let isFailure = restartCause.ending != .poweredOff
    let times = restarts == 1 ? "" : " \(restarts) times"
    let failures = restarts == 1 ? "a failure" : "\(restarts) failures"
    return "restarted\(isFailure ? " after \(failures)" : times): \(restartCause.words)"
  }
}

// MARK: - A QEMU on its way down

extension Lifecycle {
  /// The guest stays known as it was when its end began, unless it switches itself off.
  private mutating func observeEnding(_ input: GuestInput, _ now: Instant) -> [LifecycleEffect] {
    let isAsked = process.course?.step.action == .ask(.powerButton)
    switch input {
    case .runState(let runState) where isAsked:
      // A guest whose vCPUs stand still is not one that ignores its power button.
      switch runState {
      case .running, .suspended: return []
      case .paused: return [.resume, .pressButton(first: false)]
      case .shutdown:
        guest.state = .off
        return beginTeardown(at: .ask(.quit), now)
      default: return beginTeardown(at: .ask(.quit), now)
      }
    case .event(.stopped) where isAsked:
      // The guest is down and `set-action` came too late to end QEMU with it, or somebody has paused it.
      return [.askRunState]
    case .event(.ioError) where isAsked:
      // It cannot end by itself any more.
      return beginTeardown(at: .ask(.quit), now)
    case .event(.panicked):
      return panicked(now)
    case .event(.shutdown(reason: "guest-shutdown")), .event(.watchdog(action: "pause")),
      .event(.watchdog(action: "reset")):
      return []
    case .event(.shutdown), .event(.watchdog):
      for case .fact(let fact) in guest.handle(input, at: now) { ending = ending ?? fact }
      return []
    case .monitorLost:
      guard guest.handle(input, at: now) != [] else { return [] }
      return monitorLost(now)
    case .rules(let rules, let onHang):
      _ = guest.replaceRules(rules, onHang)
      return []
    case .probed, .negotiated:
      _ = guest.handle(input, at: now)
      return []
    case .created, .found, .gone, .expectAnswer, .runState, .continueRefused, .event, .space, .probe, .timer:
      return []
    }
  }
}

// MARK: - A QEMU whose monitor nothing connects to any more: it runs on, and only signals reach it

extension Lifecycle {
  private mutating func monitorLost(_ now: Instant) -> [LifecycleEffect] {
    let words = guest.monitorLoss ?? ""
    switch state {
    case .starting where isTakingOver && intent.isToEnd:
      ending = ending ?? .wished
      return beginTeardown(at: .signal(Signal.terminate), now) + [.tell(Self.withoutMonitor(words))]
    case .starting where isTakingOver:
      cause = "taken over by a new supervisor; \(monitorTrouble)"
      return [.announce]
    case .starting:
      // Nothing can let its guest begin.
      ending = ending ?? .refused("cannot start: QEMU's monitor cannot be reached: \(words)")
      return beginTeardown(at: .signal(Signal.kill), now)
    case .running:
      cause = guest.check?.trouble.map { "\($0); \(monitorTrouble)" } ?? runningCause
      return [.announce]
    case .paused:
      cause += "; \(monitorTrouble)"
      return [.announce]
    case .stopping:
      let effects = beginTeardown(at: .signal(Signal.terminate), now)
      return effects.isEmpty ? [] : effects + [.tell(Self.withoutMonitor(words))]
    case .stopped, .waiting, .backoff, .failed:
      return []
    }
  }

  /// What is told of a QEMU that cannot be asked.
  private var monitorTrouble: String {
    "its monitor is lost (\(guest.monitorLoss ?? "")): what its guest does is not known, and 'stop' ends it by SIGTERM"
  }

  /// What is told of one that is to end.
  static func withoutMonitor(_ words: String) -> String {
    "QEMU's monitor is lost (\(words)), so the guest cannot be asked to end; trying SIGTERM"
  }
}

extension GuestInput {
  /// Whether it says something of the guest to come, and not of one that is there.
  fileprivate var isDefinition: Bool {
    if case .rules = self { true } else { false }
  }
}
