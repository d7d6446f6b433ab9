package import Host
package import JSON

/// What the ledger records: one thing that happened to a VM, or to the supervisor itself.
///
/// A value for the writer's side; on disk and on the wire each is a kind (`event`) with its facts, see
/// `LedgerEvent+JSON.swift`.
package enum LedgerEvent: Sendable, Equatable {
  /// A wish was confirmed: whose it is, in the verb's word, and its number on that VM.
  case wish(verb: String, by: Wisher, number: Int)

  /// The state, what is desired, or the cause changed.
  case state(StateFacts)

  /// A QEMU was started.
  case spawned(pid: Int32, accelerator: String?)

  /// A QEMU ended.
  case exited(ExitFacts)

  /// An event of QEMU's that explains an end; of a storm only the number is told.
  case qmp(event: String, data: JSONObject, count: Int)

  /// The supervisor started, or is leaving.
  case supervisor(SupervisorFacts)

  /// A new supervisor took a running QEMU back.
  case adopted(pid: Int32)

  /// No supervisor was there from the record before until now.
  case gap(GapFacts)

  /// A start was refused before a QEMU was started for it.
  case refused(RefusalFacts)

  /// Something that a person who waited was told.
  case message(String)

  /// A process beside QEMU that the VM needs was started, taken over, or has ended.
  case helper(HelperFacts)

  /// Nothing is left of the VM but its disks and these records.
  case removed

  /// A record of another version's, kept as it is.
  case other(kind: String, JSONObject)

  /// Who wished it.
  package enum Wisher: String, Sendable {
    case user

    /// A guest that ended itself has taken the wish that it runs back.
    case guest
  }

  /// A VM's state with its cause.
  package struct StateFacts: Sendable, Equatable {
    package var state: VMState
    package var desired: DesiredState
    package var cause: String

    /// How a guest that is looked after is.
    package var health = Health.none

    /// Why the vCPUs do not run, in the state `paused`.
    package var pause: PauseKind?

    /// Why the guest ended, while that is what the state is a consequence of.
    package var ending: EndingKind?

    /// What an automatic start is a consequence of, in words.
    package var restartCause: String?

    /// Automatic starts since the user's last `up` or `start`.
    package var restarts: Int

    package init(
      state: VMState, desired: DesiredState, cause: String, health: Health = .none, pause: PauseKind? = nil,
      ending: EndingKind? = nil, restartCause: String? = nil, restarts: Int
    ) {
      self.state = state
      self.desired = desired
      self.cause = cause
      self.health = health
      self.pause = pause
      self.ending = ending
      self.restartCause = restartCause
      self.restarts = restarts
    }
  }

  /// How a QEMU ended.
  package struct ExitFacts: Sendable, Equatable {
    package var pid: Int32
    package var status: ExitStatus

    /// What QEMU's own events had told before; nil when it ended without a word.
    package var ending: EndingKind?

    /// The last words on its stderr; empty when there were none.
    package var stderr: String

    /// What those words are about, where they are known.
    package var refusal: RefusalKind?

    /// How long the vCPUs had run, in seconds; nil when they never did.
    package var ranSeconds: Double?

    /// Processes that the kernel killed for want of memory since this or another VM's QEMU started; told of a QEMU
    /// that was killed by signal 9.
    package var oomKills: Int?

    /// Whether a later supervisor tells it, who cannot know what the kernel had killed by then; it is no fact itself.
    package var isRecordedLate = false

    package init(
      pid: Int32, status: ExitStatus, ending: EndingKind? = nil, stderr: String, refusal: RefusalKind? = nil,
      ranSeconds: Double? = nil, oomKills: Int? = nil
    ) {
      self.refusal = refusal
      self.pid = pid
      self.status = status
      self.ending = ending
      self.stderr = stderr
      self.ranSeconds = ranSeconds
      self.oomKills = oomKills
    }
  }

  /// What happened to a helper.
  package struct HelperFacts: Sendable, Equatable {
    package enum Action: String, Sendable {
      case started, adopted, ended

      /// It could not be started.
      case failed
    }

    /// What it is: `switch`, or what the VM's own is called, such as `tpm`.
    package var helper: String

    /// The network that it carries; nil of one of the VM's own.
    package var network: String?
    package var action: Action

    /// Nil of one that could not be started.
    package var pid: Int32?

    /// How it ended.
    package var status: ExitStatus?

    /// The last lines of its log, or why it could not be started; empty when there were none.
    package var words: String

    /// Whether it was to end.
    package var isWished: Bool

    package init(
      helper: String, network: String?, action: Action, pid: Int32?, status: ExitStatus? = nil,
      words: String = "", isWished: Bool = false
    ) {
      self.helper = helper
      self.network = network
      self.action = action
      self.pid = pid
      self.status = status
      self.words = words
      self.isWished = isWished
    }
  }

  /// What could not be done, why, and what to do about it.
  package struct RefusalFacts: Sendable, Equatable {
    package var verb: String
    package var reason: String
    package var advice: [String]

    package init(verb: String, reason: String, advice: [String]) {
      self.verb = verb
      self.reason = reason
      self.advice = advice
    }
  }

  /// A supervisor's start or leave.
  package struct SupervisorFacts: Sendable, Equatable {
    package enum Action: String, Sendable {
      case started, leaving
    }

    package var action: Action

    /// Why it leaves.
    package var why: String?
    package var version: String
    package var pid: Int32

    /// The host's boot, see random(4).
    package var boot: String

    package init(action: Action, why: String? = nil, version: String, pid: Int32, boot: String) {
      self.action = action
      self.why = why
      self.version = version
      self.pid = pid
      self.boot = boot
    }
  }

  /// A time without a supervisor.
  package struct GapFacts: Sendable, Equatable {
    /// The time of the record before; nil when that could not be read.
    package var since: Timestamp?

    /// By the wall clock, which may have been set meanwhile.
    package var seconds: Double?

    /// Whether the supervisor before had recorded that it leaves.
    package var wasOrderly: Bool

    /// Whether the host booted meanwhile.
    package var hasRebooted: Bool

    /// Bytes at the ledger's end that were no whole record.
    package var tornBytes: Int

    package init(
      since: Timestamp? = nil, seconds: Double? = nil, wasOrderly: Bool, hasRebooted: Bool, tornBytes: Int
    ) {
      self.since = since
      self.seconds = seconds
      self.wasOrderly = wasOrderly
      self.hasRebooted = hasRebooted
      self.tornBytes = tornBytes
    }
  }
}

/// What QEMU's last words are about, as one word for programs.
package enum RefusalKind: String, Sendable, CaseIterable {
  case machineType = "machine-type"
  case cpuModel = "cpu-model"
  case imageInUse = "image-in-use"
  case portInUse = "port-in-use"
  case kvm
  case cpuUnderKVM = "cpu-under-kvm"
  case memory
  case device
  case option
  case file
}

/// Why the vCPUs of a living QEMU do not run, as one word for programs.
package enum PauseKind: String, Sendable, CaseIterable {
  case user
  case ioError = "io-error"
  case noSpace = "no-space"
  case kept
  case other
}

/// Why a guest ended, as one word for programs: an `Ending` without its particulars.
package enum EndingKind: String, Sendable, CaseIterable {
  case stopped
  case killed
  case poweredOff = "powered-off"
  case resetItself = "reset-itself"
  case panicked
  case watchdog
  case hung
  case bootLoop = "boot-loop"
  case internalError = "internal-error"
  case endedFromOutside = "ended-from-outside"
  case died
  case refused
  case monitorTimedOut = "mute"
  case helperEnded = "helper-ended"
  case vanished
  case hostRebooted = "host-rebooted"

  /// The host went down under a guest that ran.
  case cutOff = "cut-off"
}

extension EndingKind {
  /// Whether the guest ended as its user, or the guest itself, wanted.
  package var isWanted: Bool { self == .stopped || self == .killed || self == .poweredOff }
}
