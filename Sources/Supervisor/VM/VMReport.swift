package import Control
package import Host
package import Machine

/// What everyone may know of a VM, taken at one moment, and what the supervisor must know beside that.
///
/// Sendable, so that lists are answered without asking the VM itself, which may be busy with a sick QEMU.
package struct VMReport: Sendable {
  package var name: VMName
  package var state: VMState
  package var desired: DesiredState

  /// As it was when the state began; `cause(at:)` is what it is by now.
  package var cause: String

  /// What a VM in `backoff` waits after, and until when.
  package var backoff: Backoff?

  /// Why the guest ended, while that is what the state is a consequence of.
  package var ending: EndingKind?

  /// Why the vCPUs do not run, in the state `paused`.
  package var pause: PauseKind?
  package var health: Health

  /// Whether QEMU's process was found stopped by a signal.
  package var isProcessStopped = false
  package var pid: Int32?
  package var profile: String?
  package var accelerator: String?
  package var cpus: Int?
  package var memory: UInt64?
  package var restarts: Int
  package var startedAt: Timestamp?
  package var runningSince: Instant?
  package var qmpSocket: String?
  package var consoleSocket: String?
  package var consoleLog: String
  package var qemuLog: String

  /// What stood last on the console of the guest that failed last; told by `why` alone.
  package var failedConsole: [String] = []
  package var wish: Int

  /// The lab's file that the VM came from.
  package var file: String?

  /// What its disks use; nil for one that was not made ready here, and has no process or one that holds its images.
  package var images: ImageHolding?

  /// Whether the VM has a process, or will have one by itself.
  package var keepsSupervisor: Bool

  /// Its cards on networks of its lab, as it runs (nil without a process) and as it is defined.
  var runningCards: [LabCard]?
  var definedCards: [LabCard] = []

  /// Those on which it is, or is to be.
  var cards: [LabCard] { (runningCards ?? []) + definedCards }

  /// The VMs of its lab that must be so far before it starts.
  var dependencies: [Dependency] = []

  /// The others that hold its start back, or would; nil when none do.
  var hold: [UnmetDependency]?

  /// The process at whose end it goes; nil for a VM that stays.
  var holder: Holder?

  /// Whether its end is wished and others end first.
  var isEndHeld = false

  /// Which hold of its start or end that is.
  var holds = 0

  /// Whether it is down because its guest has switched itself off.
  var hasEndedByItself = false

  /// Whether its QEMU has outlived SIGKILL.
  var isUnkillable = false

  /// Whether what an earlier supervisor has left of it is not known yet, for its files do not answer.
  var isUnread = false

  /// How far the job is that its start waits for, as `45 %`.
  var progress: (@Sendable () -> String?)?

  /// What it waits for; nil unless it waits for other VMs.
  private var waitsFor: [WaitedFor]? {
    guard state == .waiting, let hold else { return nil }
    return hold.map {
      WaitedFor($0.name, condition: $0.condition.rawValue, isStuck: $0.trouble?.isLasting == true)
    }
  }

  /// A wait for the next start.
  package struct Backoff: Sendable {
    package let words: String
    package let until: Instant
  }

  /// One sentence, true at that moment.
  package func cause(at now: Instant) -> String {
    if state == .waiting, let words = progress?() { return "\(cause), \(words) so far" }
    guard let backoff else { return cause }
    let rest = backoff.until - now
    return "\(backoff.words); it starts again \(rest > .zero ? "in \(rest.inWords)" : "now")"
  }

  /// What everyone may know.
  package func status(at now: Instant = .now) -> VMStatus {
    var status = VMStatus(
      name: name.full, state: Word(state), desired: Word(desired), cause: cause(at: now), health: Word(health)
    )
    status.pid = pid
    status.profile = profile
    status.accelerator = accelerator
    status.cpus = cpus
    status.memoryBytes = memory
    status.restarts = restarts
    status.startedAt = startedAt
    status.uptimeSeconds = runningSince.map { (now - $0).roundedSeconds }
    status.qmpSocket = qmpSocket
    status.consoleSocket = consoleSocket
    status.consoleLog = consoleLog
    status.qemuLog = qemuLog
    return status
  }

  /// The data of VM_STATE_CHANGED.
  package func change(at now: Instant = .now) -> VMChange {
    var change = VMChange(
      name: name.full, state: Word(state), desired: Word(desired), cause: cause(at: now),
      ending: ending.map { Word($0) }, pause: pause.map { Word($0) }, health: Word(health), wish: wish,
      pid: pid, accelerator: accelerator)
    change.waitsFor = waitsFor
    return change
  }
}

extension VMStatus {
  /// Shows the machine that would run.
  mutating func show(_ machine: Machine?) {
    guard let machine else { return }
    cpus = machine.cpus
    memoryBytes = machine.memory.bytes
    accelerator = machine.accelerator.rawValue
  }
}

extension Duration {
  /// Seconds with milliseconds.
  fileprivate var roundedSeconds: Double {
    Double(nanoseconds / 1_000_000) / 1000
  }
}
