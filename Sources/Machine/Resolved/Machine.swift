/// A machine with every value decided: what QEMU's arguments are generated from, and nothing else.
package struct Machine: Sendable, Equatable {
  package let name: VMName
  package let uuid: UUID
  package let profile: String
  /// The QEMU binary.
  package let emulator: String
  package let type: MachineType
  package let accelerator: Accelerator
  /// Why `auto` did not take KVM, and what to do; nil when there is nothing to say.
  package let acceleratorNote: String?
  package let cpu: String
  package let cpus: Int
  package let memory: ByteCount
  package let devices: DeviceList
  /// Where the devices are; kept for the next start.
  package let addresses: AddressPlan
  package let clock: ClockSetting
  /// Whether the user has written the UUID.
  package let hasOwnUUID: Bool
  package let smbios: SMBIOSSetting?
  package let restart: RestartPolicy
  package let stopTimeout: Duration
  package let extraArguments: [String]
  package let paths: MachinePaths
}

extension Machine {
  /// What decides how devices are attached.
  package enum Family: Sendable, Equatable {
    /// PCI, with an ISA bridge: `pc`.
    case i440fx
    /// PCI Express, with an ISA bridge.
    case q35
    /// virtio on memory-mapped slots, no PCI.
    case microvm
    /// ISA, and neither PCI nor ACPI.
    case isapc
    /// Any other is taken to have PCI.
    case other

    /// The family of a type, by the name that QEMU knows it by behind any alias.
    init(typeName: String) {
      switch typeName {
      case "microvm": self = .microvm
      case "isapc": self = .isapc
      case "q35": self = .q35
      case "pc": self = .i440fx
      case let versioned where versioned.hasPrefix("pc-q35-"): self = .q35
      case let versioned where versioned.hasPrefix("pc-i440fx-"): self = .i440fx
      default: self = .other
      }
    }

    package var isPC: Bool { self == .i440fx || self == .q35 }

    package var hasPCI: Bool { self != .microvm && self != .isapc }
  }

  package enum Accelerator: String, Sendable {
    case kvm
    case tcg
  }
}
