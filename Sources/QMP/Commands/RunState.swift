package import JSON

/// What QEMU says of its guest as a whole.
///
/// QEMU: `RunState`, since 0.14; what a later version adds is `other`.
package enum RunState: Sendable, Hashable {
  /// Stopped by a debugger.
  case debug

  /// Stopped to finish a migration.
  case finishMigrate

  /// Waiting for an incoming migration.
  case inMigrate

  /// Stopped by an error of the accelerator or a device; only a reset leads out.
  case internalError

  /// Stopped by an I/O error of a disk that is set to stop the guest; `cont` tries again.
  case ioError

  /// Stopped by `stop`.
  case paused

  /// Stopped after a migration to elsewhere.
  case postMigrate

  /// Started with `-S` and never continued.
  case prelaunch

  /// Stopped to restore its state.
  case restoreVM

  case running

  /// Stopped to save its state.
  case saveVM

  /// The guest powered off, and QEMU was told to stay.
  case shutdown

  /// Suspended by the guest (ACPI S3).
  case suspended

  /// Stopped by the watchdog.
  case watchdog

  /// Stopped by a panic that the guest reported.
  case guestPanicked

  /// The second of a pair in COLO.
  case colo

  case other(String)

  private static let known: [(String, RunState)] = [
    ("debug", .debug), ("finish-migrate", .finishMigrate), ("inmigrate", .inMigrate),
    ("internal-error", .internalError), ("io-error", .ioError), ("paused", .paused),
    ("postmigrate", .postMigrate), ("prelaunch", .prelaunch), ("restore-vm", .restoreVM),
    ("running", .running), ("save-vm", .saveVM), ("shutdown", .shutdown), ("suspended", .suspended),
    ("watchdog", .watchdog), ("guest-panicked", .guestPanicked), ("colo", .colo),
  ]

  /// From QEMU's word for it.
  package init(_ name: String) {
    self = Self.known.first { $0.0 == name }?.1 ?? .other(name)
  }

  /// QEMU's word for it.
  package var name: String {
    if case .other(let name) = self { return name }
    return Self.known.first { $0.1 == self }?.0 ?? ""
  }
}

extension RunState: CustomStringConvertible {
  package var description: String { name }
}

extension RunState: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    self.init(try String(json: json))
  }
}
