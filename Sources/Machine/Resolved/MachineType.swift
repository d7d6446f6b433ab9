/// QEMU's machine type with its options.
package struct MachineType: Sendable, Equatable {
  package let name: String
  package let family: Machine.Family
  /// By name; `on` and `off` for true and false.
  package let options: [String: String]

  /// Whether a guest can be asked to power off.
  package var hasPowerButton: Bool { family != .isapc && options["acpi"] != "off" }
}
