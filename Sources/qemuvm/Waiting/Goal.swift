/// What a VM is to become before a command has done its work on it.
enum Goal: Sendable, Equatable {
  /// The supervisor's reply is all; the word says what it means: `reset`, or nil where the verb itself tells.
  case accepted(String?)

  /// The vCPUs run.
  case running

  /// The vCPUs run, and the guest is well where it is looked after.
  case healthy

  /// The vCPUs run in a QEMU other than the one before.
  case restarted

  /// The vCPUs run again.
  case unpaused
  case paused
  case stopped

  /// The supervisor no longer knows the VM.
  case removed

  /// Whether the VM has no process then.
  var isEnd: Bool { self == .stopped || self == .removed }

  /// What could not be done, where it was not: `cannot start`.
  var failure: String {
    switch self {
    case .accepted: "refused"
    case .running: "cannot start"
    case .healthy: "is not healthy"
    case .restarted: "cannot restart"
    case .unpaused: "cannot continue"
    case .paused: "cannot pause"
    case .stopped: "cannot stop"
    case .removed: "cannot remove"
    }
  }
}
