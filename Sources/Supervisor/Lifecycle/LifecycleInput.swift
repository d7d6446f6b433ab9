package import Host
package import Machine
package import QMP

/// What can happen to a VM, from its user, its QEMU, or the clock.
package enum LifecycleInput: Sendable, Equatable {
  /// `up` or `start`; the wish is on disk.
  case start

  /// A user's start was refused before it was promised; in the words of what could not be done.
  case startRefused(String)

  /// `stop` or `down`; the wish is on disk. The time bounds the power button alone; nil takes the VM's own.
  case stop(timeout: Duration?)

  /// `restart`: stop and start again.
  case restart(timeout: Duration?)

  /// `kill`; the wish is on disk.
  case kill

  /// The supervisor leaves with its guests: the VM comes down as by `stop`, and stays wanted.
  case standDown

  /// The time is over that all guests of such a supervisor have: the power button is waited for no longer.
  case insist

  /// The supervisor leaves, and starts nothing by itself any more.
  case startNothing

  /// Something holds the VM's next start back: one that is due waits.
  case hold(for: WaitReason)

  /// Nothing does any more.
  case release

  /// The VM is to end, as by `stop` or `standDown`, and others end first; with the cause in words.
  case holdEnd(HeldEnd, standingDown: Bool, saying: String)

  /// They have ended.
  case releaseEnd

  /// A QEMU of this VM runs from now on.
  case spawned

  /// No QEMU could be started; in the words of what failed.
  case spawnFailed(String)

  /// The reply to `qmp_capabilities`: QEMU's initialisation is over.
  case negotiated

  /// The reply to `query-status`.
  case runState(RunState)

  /// Whether the host has space again for the disks of a guest that waits for it.
  case space(Bool)

  /// The monitor refused to let the guest go on, in QEMU's words.
  case continueRefused(String)

  /// The power button's command was answered.
  case buttonAnswered

  /// A QMP event that says something about the guest's life.
  case guest(GuestEvent)

  /// QEMU is gone; with the last lines it wrote to stderr.
  case exited(ExitStatus, stderr: String)

  /// A QEMU of this VM was found by a new supervisor.
  case adopted

  /// A new supervisor found no QEMU of this VM; with how it ended, if the supervisor before has recorded that.
  case absent(hostRebooted: Bool, ExitStatus? = nil, stderr: String = "")

  /// Nothing connects to QEMU's monitor any more, for a reason in words.
  case monitorLost(String)

  /// A helper that the guest cannot go on without has ended, in words.
  case helperEnded(String)

  /// The definition's rules for the guest's health.
  case defined(health: HealthSetting?, onHang: HangSetting)

  /// What a probe of the guest has shown.
  case health(ProbeResult)

  /// A deadline may have passed.
  case timer
}

/// What the machinery around a lifecycle is to do.
package enum LifecycleEffect: Sendable, Equatable {
  /// Start QEMU; answered by `spawned` or `spawnFailed`.
  case spawn

  /// Negotiate on the monitor; answered by `negotiated`.
  case negotiate

  /// Let the vCPUs run: `cont`.
  case resume

  /// Ask QEMU how the guest is: `query-status`.
  case askRunState

  /// Probe the guest's health: `query-status`, with a deadline; answered by `health`.
  case probe

  /// Probe the guest itself, by the number of the probe; answered by `health` with that number.
  case probeGuest(Int)

  /// Read the console until its pattern shows; `afresh`: only what comes from now on.
  case watchConsole(afresh: Bool)

  /// Press the reset button: `system_reset`.
  case pressReset

  /// See whether the host has space for the guest's disks; answered by `space`.
  case checkSpace

  /// Press the power button; with `first`, tell QEMU to end when the guest does. Answered by `buttonAnswered`.
  case pressButton(first: Bool)

  /// Tell QEMU to `quit`.
  case quit

  /// Signal QEMU through its pidfd.
  case signal(Int32)

  /// The guest ended itself: the wish to run is no more. Durable before what follows it.
  case dropWish

  /// The state or its cause changed: keep it and tell everyone.
  case announce

  /// Something changed that only the next supervisor must know: keep it.
  case save

  /// Something that a person who waits should read.
  case tell(String)

  /// QEMU outlived SIGKILL: nothing is left to try, which a person should read.
  case tellUnkillable
}
