internal import Host
internal import Machine
internal import QMP

/// What can be seen of a guest.
enum GuestInput: Sendable, Equatable {
  /// Its QEMU is there; until when its vCPUs may take to run.
  case created(answerBy: Instant?)

  /// A new supervisor has found its QEMU.
  case found(Guest.LastSeen?, answerBy: Instant?)

  /// Its QEMU is gone.
  case gone

  /// It is waited for until then, or without end.
  case expectAnswer(by: Instant?)

  /// The monitor was negotiated with, for the first time or again.
  case negotiated

  /// The reply to `query-status`.
  case runState(RunState)

  /// The monitor refused to let it go on, in QEMU's words.
  case continueRefused(String)
  case event(GuestEvent)

  /// Whether the host has space again for its disks.
  case space(Bool)

  /// Nothing connects to QEMU's monitor any more.
  case monitorLost(String)

  /// The definition's rules for its health.
  case rules(HealthSetting?, HangSetting)

  /// It is to be probed from now on.
  case probe
  case probed(ProbeResult)
  case timer
}

/// What is seen of a guest that is probed.
package enum ProbeResult: Sendable, Equatable {
  /// Its console showed what it shows when it is ready.
  case consoleShowed

  /// The guest itself answered the probe of that number, or did not, in words.
  case guestAnswered(Int)
  case guestFailed(Int, String)

  /// QEMU answered in time.
  case answered

  /// It did not; whether a vCPU ran meanwhile, and whether the process is stopped by a signal.
  case unanswered(vcpusRan: Bool, isStopped: Bool)
}

/// The QMP events that move a VM's state.
package enum GuestEvent: Sendable, Equatable {
  /// RESUME and STOP.
  case resumed
  case stopped

  /// SHUTDOWN with its `reason`.
  case shutdown(reason: String)

  /// GUEST_PANICKED.
  case panicked

  /// WATCHDOG with its `action`.
  case watchdog(action: String)

  /// RESET, so many times; by the guest itself, or by someone who told QEMU to.
  case reset(byGuest: Bool, count: Int = 1)

  /// BLOCK_IO_ERROR that stopped the guest.
  case ioError(String, noSpace: Bool)
}

/// What is found of a guest, and what is to be done to know more or to help it.
enum GuestEffect: Sendable, Equatable {
  // News.

  /// Its vCPUs run, or do so again.
  case runs(wasFound: Bool)
  case paused(PauseReason)

  /// Its vCPUs have never been let go.
  case unreleased

  /// It has panicked.
  case panicked

  /// Its watchdog has reset it.
  case watchdogReset

  /// QEMU will end by itself, for this reason.
  case fact(Ending)

  /// It cannot go on, for this reason; how its QEMU is to be ended.
  case over(Ending, End)

  /// It has not answered in its time.
  case silent

  /// One that was found hangs, and is not to be ended for that.
  case foundHanging(String)
  case monitorLost

  /// How it is while it runs has changed; with what is done about it, in words.
  case condition(String)

  /// Something else has changed that everyone is told.
  case announce

  /// Something has changed that only the next supervisor must know.
  case save

  // Questions and help.
  case askRunState
  case resume
  case probe

  /// Of the guest itself; its number is that of the answer.
  case probeGuest(Int)
  case watchConsole(afresh: Bool)
  case pressReset
  case checkSpace

  enum End: Sendable, Equatable {
    case quit, kill
  }
}
