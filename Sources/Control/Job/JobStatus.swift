/// How far a job is, in QEMU's words.
///
/// QEMU: `JobStatus`, since 3.0. Jobs of qemuvm's own are `created`, `running`, `aborting` (cancelled or failed, and
/// not at rest yet), `concluded`, and `null` once they were dismissed; the others are those of a VM's QEMU.
package enum JobStatus: String, Sendable, Hashable, CaseIterable {
  case undefined
  case created
  case running
  case paused
  case ready
  case standby
  case waiting
  case pending
  case aborting
  case concluded
  case null

  /// Whether nothing more happens to it.
  package var isOver: Bool { self == .concluded || self == .null }
}
