internal import Control
internal import Host
internal import Machine

/// What an earlier supervisor has left of a VM: what its files say, and the QEMU that lives.
struct KeptVM: Sendable {
  /// What the VM is, and why that cannot be read where it cannot.
  var record: VMRecord?
  var damage: VMRecord.Unreadable?
  var wish: VMFolder.Wish

  /// Whether what is wanted of it cannot be read.
  var isWishUnknown = false
  var saved: SavedState

  /// The bytes of the file that it was read from, of a VM whose QEMU lives.
  var stateBytes: [UInt8]?
  var isOtherBoot = false

  /// Why what another version has kept of the VM stays as it is; nil where it does not.
  var refusedState: SavedState.Unreadable?

  /// Why it cannot be started, in words; nil when it can.
  var refusal: String?

  /// What its user should know of what was found.
  var messages: [String] = []
  var survivor: Survivor?

  /// Its helpers that live, and what those are called that its QEMU was started with and that do not, for a person.
  var helpers: [FoundHelper] = []
  var missingHelpers: [String] = []

  /// What stands last on the console of a guest that is gone; nil where that is not to be told.
  var console: [String]?

  /// A helper that lives.
  struct FoundHelper: Sendable {
    let name: String
    let declaration: HelperDeclaration
    let process: ChildProcess

    /// Its command line, the program first.
    let words: [String]
  }

  /// A QEMU that lives.
  struct Survivor: Sendable {
    let process: ChildProcess

    /// Its command line, the program first.
    let words: [String]
    let startedAt: Timestamp?

    /// Where its log ends now, in bytes.
    let logStart: Int64

    /// The connection to its monitor.
    let monitor: MonitorCall.Answer
  }

  init(_ wish: VMFolder.Wish, _ record: VMRecord?, in folder: VMFolder) {
    self.wish = wish
    self.record = record
    saved = .nothing(folder, record, desired: wish == .running ? .running : .stopped)
  }

  /// What a VM's QEMU is known by; `running`, the UUID of the one that was last known to run.
  ///
  /// Where no file tells a UUID, the name on the command line must do, and the monitor's answer.
  static func identity(of name: VMName, _ record: VMRecord?, running: UUID?) -> QEMUIdentity {
    QEMUIdentity(
      guest: record?.definition.name.name ?? name.name, uuids: [record?.uuid, running].compactMap { $0 })
  }
}
