package import Host
internal import Machine
internal import QMP

/// What is known of the guest inside a VM's QEMU.
///
/// Pure; owned by the lifecycle. It knows what QEMU and the console have shown, not what the user wants: what follows
/// from what it finds is the lifecycle's to say.
package struct Guest: Sendable, Equatable {
  package enum State: Sendable, Equatable {
    /// There is none: no QEMU, or one whose guest has switched itself off.
    case off

    /// Its QEMU is there, and no vCPU has run.
    case booting

    /// A new supervisor has found its QEMU, which has not said yet how it is; how it was when it was last seen.
    case found(LastSeen?)
    case running
    case paused(PauseReason)
  }

  /// How a guest that has begun was when it was last seen.
  package enum LastSeen: Sendable, Equatable {
    case running, paused
  }

  package internal(set) var state = State.off

  /// Until when it is waited for: for the vCPUs to run, or for one that was found to say how it is.
  package private(set) var answerBy: Instant?

  /// Whether its machine has a power button: without one it cannot be asked to end.
  package var hasPowerButton = true

  /// Whether it is kept to be looked at when it has panicked.
  package var keepsPanicked = false

  /// After how long a time without a reset of its own it has come up.
  package var resetAfter: Duration

  /// How it is looked after; nil when nobody asked for it.
  package internal(set) var check: HealthCheck?

  /// What follows when it hangs.
  var onHang = HangSetting.restart

  /// Whether the reset button was pressed on it since it hangs.
  var isResetPressed = false

  /// Why nothing connects to QEMU's monitor any more, in words; nil while something does.
  package private(set) var monitorLoss: String?

  /// Whether it was started by an earlier supervisor.
  package private(set) var isTakenOver = false

  /// When its vCPUs first ran; nil while none has.
  package internal(set) var runningSince: Instant?

  /// Resets of its own since it was started, until it has stayed up for long; nil from then on.
  var bootResets: Int? = 0

  /// When it last began to boot.
  var bootedAt: Instant?

  init(resetAfter: Duration) {
    self.resetAfter = resetAfter
  }

  /// Whether it is in a state in which it is probed.
  var isProbed: Bool {
    switch state {
    case .running, .found(_?): true
    // Before it has begun there is no vCPU that could run.
    case .off, .booting, .found(nil), .paused: false
    }
  }

  /// When `timer` is due; nil while nothing waits for time.
  var nextDeadline: Instant? {
    var due = [answerBy, check?.nextDeadline]
    if case .paused(.noSpace(_, let watch)) = state { due.append(watch.due) }
    return due.compactMap { $0 }.min()
  }

  /// How often it may reset itself before it has stayed up for `resetAfter`.
  static let mostBootResets = 10

  /// Takes what was seen and gives what is to be done, and what is news, in order.
  mutating func handle(_ input: GuestInput, at now: Instant) -> [GuestEffect] {
    switch input {
    case .created(let answerBy):
      forget()
      state = .booting
      self.answerBy = answerBy
      return []
    case .found(let lastSeen, let answerBy):
      state = .found(lastSeen)
      isTakenOver = true
      self.answerBy = answerBy
      return []
    case .gone:
      forget()
      return []
    case .expectAnswer(let deadline):
      switch state {
      case .booting, .found: answerBy = deadline
      case .off, .running, .paused: break
      }
      return []
    case .negotiated: return negotiated()
    case .runState(let runState): return stands(runState, now)
    case .continueRefused(let words):
      switch state {
      case .booting, .found:
        return [.over(.refused("cannot start: QEMU refused to let the guest run: '\(words)'"), .quit)]
      case .off, .running, .paused: return []
      }
    case .event(let event): return told(event, now)
    case .space(let isBack):
      if isBack, case .paused(.noSpace) = state { return [.resume] }
      return []
    case .monitorLost(let words):
      guard monitorLoss == nil else { return [] }
      monitorLoss = words
      return [.monitorLost]
    case .rules(let rules, let onHang): return define(rules, onHang, now)
    case .probe: return probe(now)
    case .probed(let result): return probed(result, now)
    case .timer: return timer(now)
    }
  }

  /// A guest's QEMU is gone, or has not been started yet.
  mutating func forget() {
    state = .off
    answerBy = nil
    runningSince = nil
    (bootResets, bootedAt) = (0, nil)
    isResetPressed = false
    monitorLoss = nil
    isTakenOver = false
  }

  private mutating func negotiated() -> [GuestEffect] {
    monitorLoss = nil
    switch state {
    case .booting: return [.resume]
    case .found: return [.askRunState]
    case .off, .running, .paused: return []
    }
  }

  private mutating func timer(_ now: Instant) -> [GuestEffect] {
    var effects: [GuestEffect] = []
    if let deadline = answerBy, now >= deadline {
      answerBy = nil
      effects.append(.silent)
    }
    if case .paused(.noSpace(let words, let watch)) = state, now >= watch.due {
      // Also when there is some by then: if it is too little, QEMU stops the guest again, and this is a later probe.
      state = .paused(.noSpace(words, watch.next(now: now)))
      effects.append(.checkSpace)
    }
    return effects + probesDue(now)
  }
}

// MARK: - What QEMU says of it

extension Guest {
  /// The answer to `query-status`: after an adoption, and after each STOP.
  private mutating func stands(_ runState: RunState, _ now: Instant) -> [GuestEffect] {
    if state == .off || state == .booting && runState == .prelaunch { return [] }
    switch runState {
    case .running, .suspended:
      // A guest that sleeps (S3) wakes up without another RESUME.
      return runs(now)
    case .prelaunch:
      switch state {
      // QEMU calls a paused guest so once it was reset.
      case .paused, .found(.paused): return pause(.user)
      case .off, .booting, .found, .running: return [.unreleased]
      }
    case .shutdown:
      return switchOff()
    case .watchdog:
      return pause(.keptByWatchdog)
    case .guestPanicked:
      return [.panicked]
    case .internalError:
      return [.over(.internalError, .quit)]
    case .paused:
      return pause(.user)
    case .ioError:
      switch state {
      case .paused(.ioError), .paused(.noSpace): return []
      case .off, .booting, .found, .running, .paused: return pause(.ioError("a disk failed"))
      }
    default:
      return pause(.other(runState))
    }
  }

  /// A QMP event that says something about its life.
  private mutating func told(_ event: GuestEvent, _ now: Instant) -> [GuestEffect] {
    if state == .off { return [] }
    switch event {
    case .resumed:
      return runs(now)
    case .stopped:
      switch state {
      case .booting, .found, .running: return [.askRunState]
      case .off, .paused: return []
      }
    case .shutdown(reason: "guest-shutdown"):
      return switchOff()
    case .shutdown(reason: "guest-reset"):
      return [.fact(.resetItself)]
    case .shutdown(reason: "guest-panic"):
      return [.fact(.panicked)]
    case .shutdown(let reason):
      return Self.outside.contains(reason) ? [.fact(.endedFromOutside(reason))] : []
    case .panicked:
      return [.panicked]
    case .watchdog(action: "pause"):
      return pause(.keptByWatchdog)
    case .watchdog(action: "reset"):
      return state == .running ? [.watchdogReset] : []
    case .watchdog(let action):
      return [.fact(.watchdog(action))]
    case .reset(let byGuest, let count):
      let effects = byGuest ? reset(count, now) : []
      if case .over? = effects.last { return effects }
      return effects + rebooted(now)
    case .ioError(let words, let noSpace):
      switch state {
      case .running, .found:
        return pause(noSpace ? .noSpace(words, SpaceWatch(now: now)) : .ioError(words))
      case .off, .booting, .paused: return []
      }
    }
  }

  /// QEMU's reasons for a SHUTDOWN that are not the guest's.
  private static let outside = ["host-qmp-quit", "host-signal", "host-ui", "host-error"]

  private mutating func runs(_ now: Instant) -> [GuestEffect] {
    var (wasFound, boots) = (false, false)
    switch state {
    case .off, .running: return []
    case .booting: boots = true
    case .found(let lastSeen): (wasFound, boots) = (true, lastSeen == nil)
    case .paused: break
    }
    state = .running
    answerBy = nil
    if runningSince == nil { runningSince = now }
    if boots || check?.isBooted == false { check?.boot(now, inNewQEMU: true) }
    return [.runs(wasFound: wasFound)] + probe(now)
  }

  /// Its vCPUs stand still.
  mutating func pause(_ reason: PauseReason) -> [GuestEffect] {
    guard state != .paused(reason) else { return [] }
    state = .paused(reason)
    answerBy = nil
    return [.paused(reason)]
  }

  private mutating func switchOff() -> [GuestEffect] {
    state = .off
    answerBy = nil
    return [.over(.poweredOff, .quit)]
  }

  /// A guest that reset itself: none of our business once it has been up for long, a boot loop before.
  private mutating func reset(_ count: Int, _ now: Instant) -> [GuestEffect] {
    guard state == .running, let resets = bootResets else { return [] }
    if let began = bootedAt ?? runningSince, now - began >= resetAfter {
      bootResets = nil
      return [.save]
    }
    bootedAt = now
    bootResets = resets + count
    return resets + count < Self.mostBootResets ? [.save] : [.over(.bootLoop(resets + count), .quit)]
  }

  /// A guest that boots anew is to show anew that it is ready.
  private mutating func rebooted(_ now: Instant) -> [GuestEffect] {
    switch state {
    case .running, .paused: break
    case .off, .booting, .found: return []
    }
    guard let before = check?.health else { return [] }
    check?.boot(now, inNewQEMU: false)
    let effects = check?.awaitsConsole == true ? [GuestEffect.watchConsole(afresh: true)] : []
    // Behind what changes where the console is read from: it is kept with it.
    guard check?.health != before else { return effects.isEmpty ? [] : effects + [.save] }
    return effects + [state == .running ? .condition("") : .announce]
  }
}
