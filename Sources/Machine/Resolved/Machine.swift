/// A machine with every value decided: what QEMU's arguments are generated from, and nothing else.
package struct Machine: Sendable, Equatable {
  package let name: VMName
  package let uuid: UUID
  package let profile: String
  /// The QEMU binary.
  package let emulator: String
  package let type: BoardType
  package let accelerator: Accelerator
  /// Why `auto` did not take KVM, and what to do; nil when there is nothing to say.
  package let acceleratorNote: String?
  package let cpu: String
  package let cpus: Int
  package let memory: ByteCount
  package let firmware: Firmware
  package let kernel: Kernel?
  package let disks: [Disk]
  package let networks: [Network]
  /// Whether the guest has a serial port, which is its console.
  package let hasSerial: Bool
  package let hasRNG: Bool
  package let hasPanicDevice: Bool
  package let watchdog: WatchdogSetting?
  package let hotplugPorts: Int
  package let restart: RestartPolicy
  package let stopTimeout: Duration
  package let extraArguments: [String]
  package let places: Places
}

extension Machine {
  /// QEMU's machine type with its options.
  package struct BoardType: Sendable, Equatable {
    package let name: String
    package let family: Family
    /// By name; `on` and `off` for true and false.
    package let options: [String: String]

    /// Whether a guest can be asked to power off.
    package var hasPowerButton: Bool { family != .microvm || options["acpi"] != "off" }
  }

  /// What decides how devices are attached.
  package enum Family: Sendable, Equatable {
    /// PCI, with an ISA bridge: `pc`.
    case i440fx
    /// PCI Express, with an ISA bridge.
    case q35
    /// virtio on memory-mapped slots, no PCI.
    case microvm
    /// Any other is taken to have PCI.
    case other

    /// The family of a type, by the name that QEMU knows it by behind any alias.
    init(typeName: String) {
      switch typeName {
      case "microvm": self = .microvm
      case "q35": self = .q35
      case "pc": self = .i440fx
      case let versioned where versioned.hasPrefix("pc-q35-"): self = .q35
      case let versioned where versioned.hasPrefix("pc-i440fx-"): self = .i440fx
      default: self = .other
      }
    }

    package var isPC: Bool { self == .i440fx || self == .q35 }
  }

  package enum Accelerator: String, Sendable {
    case kvm
    case tcg
  }

  package enum Firmware: Sendable, Equatable {
    /// What QEMU itself gives the machine type.
    case ofMachineType
    case rom(path: String)
    /// The ROM at `Places.firmwareROM`, made of a built-in firmware.
    case builtin(name: String)
    /// With its variables at `Places.uefiVariables`.
    case uefi(UEFIFirmware)
  }

  /// A Linux kernel that QEMU itself loads.
  package struct Kernel: Sendable, Equatable {
    package let file: String
    package let initrd: String?
    package let commandLine: String?
  }

  package struct Disk: Sendable, Equatable {
    package let file: String
    package let format: DiskSetting.Format
    package let isBlockDevice: Bool
    package let bus: DiskSetting.Bus
    /// Whether the guest finds a CD drive with the image in it.
    package let isCD: Bool
    package let isReadOnly: Bool
    package let cache: DiskSetting.Cache
    package let discards: Bool
    package let serial: String?
  }

  package struct Network: Sendable, Equatable {
    package let network: NetworksSetting.Network
    package let address: MACAddress
    package let ports: [PortForward]
  }
}

/// The hardware address of a network card.
package struct MACAddress: Sendable, Hashable {
  /// The last three bytes; the first are QEMU's own, 52:54:00.
  private let suffix: UInt32

  /// The address of a VM's card: the same at every start, and unlikely to be another VM's.
  package init(uuid: UUID, card: Int) {
    // FNV-1a, so that UUIDs that differ in one bit give quite different addresses.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for word in [uuid.high, uuid.low, UInt64(card)] {
      for shift in stride(from: 56, through: 0, by: -8) {
        hash = (hash ^ (word >> UInt64(shift) & 0xFF)) &* 0x100_0000_01B3
      }
    }
    suffix = UInt32(truncatingIfNeeded: hash ^ hash >> 32) & 0xFF_FFFF
  }
}

extension MACAddress: CustomStringConvertible {
  package var description: String {
    let bytes: [UInt32] = [0x52, 0x54, 0x00, suffix >> 16, suffix >> 8 & 0xFF, suffix & 0xFF]
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}
