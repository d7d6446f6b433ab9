package import Control
package import Host
package import Machine

/// Why a guest ended: the decisive fact, from QEMU's events, our intent and the wait status.
package enum Ending: Sendable, Equatable {
  /// The user's `stop`, `down` or `restart`.
  case wished

  /// The user's `kill`.
  case killed

  /// SHUTDOWN `guest-shutdown`: the guest switched itself off.
  case poweredOff

  /// SHUTDOWN `guest-reset` where a reset ends QEMU.
  case resetItself

  /// GUEST_PANICKED.
  case panicked

  /// WATCHDOG, with the action QEMU took.
  case watchdog(String)

  /// QEMU answered no probe and no vCPU ran; what was seen, in words.
  case hung(String)

  /// RESET again and again, so many times, before the guest was ever up for long.
  case bootLoop(Int)

  /// STOP with run state `internal-error`: KVM could not go on.
  case internalError

  /// SHUTDOWN `host-qmp-quit` or `host-signal`, not by us.
  case endedFromOutside(String)

  /// QEMU ended without a word.
  case died(ExitStatus)

  /// QEMU exited, or could not be started, before its monitor answered.
  case refused(String)

  /// QEMU's sandbox killed it before its monitor answered: it does at every start what is forbidden.
  case forbidden

  /// QEMU was started and its monitor did not answer within the time given, in whole seconds.
  case monitorTimedOut(Int)

  /// A helper that it cannot go on without has ended, in words.
  case helperEnded(String)

  /// It ended while no supervisor ran.
  case vanished

  /// The host booted anew under a VM that was wanted.
  case hostRebooted

  /// The same, and its guest had run until the host went down.
  case cutOff
}

extension Ending {
  /// Whether the user brought it about.
  package var isWished: Bool { self == .wished || self == .killed }

  /// Whether it came with its host's end.
  package var isOfHost: Bool { self == .hostRebooted || self == .cutOff }

  /// Whether an init system that brings its host down may have brought it about: it ends helpers as well.
  package var mayBeOfInit: Bool {
    switch self {
    case .endedFromOutside("host-signal"), .helperEnded: true
    default: false
    }
  }

  /// The fact in words, without its consequence.
  package var sentence: String {
    switch self {
    case .wished: "stopped by the user"
    case .killed: "killed by the user"
    case .poweredOff: "the guest powered itself off"
    case .resetItself: "the guest reset itself and QEMU ended"
    case .panicked: "the guest panicked"
    case .watchdog(let action): "the guest's watchdog fired (\(action))"
    case .hung(let words): "the guest hung: \(words)"
    case .bootLoop(let resets): "the guest reset itself \(resets) times and never came up (a boot loop)"
    case .internalError: "QEMU met an internal error (KVM could not run the guest)"
    case .endedFromOutside("host-qmp-quit"): "QEMU was told to quit on its monitor, not by qemuvm"
    case .endedFromOutside(let reason): "QEMU was ended from outside (\(reason))"
    case .died(.code(let code)): "QEMU exited with code \(code)"
    case .died(.signal(let number)): "QEMU was killed by signal \(number) (\(Signal.name(number)))"
    case .died(.unknown): "QEMU ended; its exit status is unknown"
    case .refused(let words), .helperEnded(let words): words
    case .forbidden:
      """
      cannot start: QEMU was killed by its sandbox (SIGSYS) before QMP answered; its definition makes it start another \
      program or change its user, which is forbidden (a bridge helper, a tap script, smbd, -runas)
      """
    case .monitorTimedOut(let seconds): "QEMU's monitor did not answer within \(seconds) s of its start"
    case .vanished: "QEMU ended while no supervisor was running"
    case .hostRebooted: "the host was rebooted"
    case .cutOff: "the host went down and cut its guest off, which was not asked to power off"
    }
  }

  /// What a policy makes of it.
  package func consequence(_ mode: RestartPolicy.Mode) -> Consequence {
    switch (self, mode) {
    case (.wished, _), (.killed, _): .stop
    case (.hostRebooted, _), (.cutOff, _): .restart
    case (.forbidden, _): .giveUp
    case (.poweredOff, .always): .restart
    case (.poweredOff, _): .stop
    case (.endedFromOutside, .no): .stopStillWanted
    case (_, .no): .fail
    case (.refused, _): .refuse
    default: .restart
    }
  }

  package enum Consequence: Sendable, Equatable {
    case stop

    /// Stopped for now, and wanted after the next boot of the host.
    case stopStillWanted
    case restart
    case fail

    /// A start that will never succeed as the VM is defined, whatever its policy.
    case giveUp

    /// A start that cannot succeed: given up at the user's start, one more failure during a restart.
    case refuse
  }
}

/// What an automatic start is a consequence of.
package struct RestartCause: Sendable, Equatable {
  /// For a person, without what follows.
  package let words: String

  /// Nil where an earlier version has kept the words alone.
  package let ending: EndingKind?

  package init(_ words: String, _ ending: EndingKind?) {
    self.words = words
    self.ending = ending
  }
}
