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

  /// Something that a person who waited was told.
  case message(String)

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

    /// Why the vCPUs stand still, in the state `paused`.
    package var pause: PauseKind?

    /// Why the guest ended, while that is what the state is a consequence of.
    package var ending: EndingKind?

    /// What an automatic start is a consequence of, in words.
    package var restartCause: String?

    /// Automatic starts since the user's last `up` or `start`.
    package var restarts: Int
  }

  /// How a QEMU ended.
  package struct ExitFacts: Sendable, Equatable {
    package var pid: Int32
    package var status: ExitStatus

    /// What QEMU's own events had told before; nil when it ended without a word.
    package var ending: EndingKind?

    /// The last words on its stderr; empty when there were none.
    package var stderr: String

    /// How long the vCPUs had run, in seconds; nil when they never did.
    package var ranSeconds: Double?

    /// Processes that the kernel killed for want of memory since this or another VM's QEMU started; told of a QEMU
    /// that was killed by signal 9.
    package var oomKills: Int?

    /// Whether a later supervisor tells it, who cannot know what the kernel had killed by then; it is no fact itself.
    package var isToldLate = false
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
  }
}

/// Why the vCPUs of a living QEMU stand still, as one word for programs.
package enum PauseKind: String, Sendable, CaseIterable {
  case user
  case ioError = "io-error"
  case noSpace = "no-space"
  case kept
  case other

  init(_ reason: PauseReason) {
    self =
      switch reason {
      case .user: .user
      case .ioError: .ioError
      case .noSpace: .noSpace
      case .kept: .kept
      case .other: .other
      }
  }
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
  case mute
  case vanished
  case hostRebooted = "host-rebooted"
}

extension EndingKind {
  init(_ ending: Ending) {
    self =
      switch ending {
      case .wished: .stopped
      case .killed: .killed
      case .poweredOff: .poweredOff
      case .resetItself: .resetItself
      case .panicked: .panicked
      case .watchdog: .watchdog
      case .hung: .hung
      case .bootLoop: .bootLoop
      case .internalError: .internalError
      case .endedFromOutside: .endedFromOutside
      case .died: .died
      case .refused, .forbidden: .refused
      case .mute: .mute
      case .vanished: .vanished
      case .hostRebooted: .hostRebooted
      }
  }

  /// Whether the guest ended as its user, or the guest itself, wanted.
  package var isWanted: Bool { self == .stopped || self == .killed || self == .poweredOff }
}
