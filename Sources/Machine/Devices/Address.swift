internal import JSON

/// A place on a machine that a device is attached to: a guest names its disks and cards by it.
package struct Address: Sendable, Hashable {
  /// What the places belong to.
  package enum Bus: String, Sendable, CaseIterable {
    /// The slots of the root bus. Into a running q35 nothing can be plugged here.
    case pci
    /// The root ports of a q35, each of which takes one device, also while the guest runs.
    case port
    /// The virtio transports of a microvm, in the order in which QEMU itself fills them.
    case mmio
    case scsi
    /// The machine's own IDE or SATA controller.
    case ide
    /// The AHCI controller that a machine without one of its own is given.
    case sata
    case usb
  }

  package let bus: Bus
  package let number: Int

  package init(_ bus: Bus, _ number: Int) {
    self.bus = bus
    self.number = number
  }

  /// Reads what `description` gives.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, let bus = Bus(rawValue: String(words[0])), let number = Int(words[1]),
      (0..<256).contains(number)
    else { return nil }
    self.init(bus, number)
  }
}

extension Address: CustomStringConvertible {
  package var description: String { "\(bus.rawValue) \(number)" }
}

/// What place a device needs.
package enum Attachment: Sendable, Equatable {
  /// None, or one that QEMU finds by itself: nothing can then be said of where it is at the next start.
  case byQEMU

  /// This slot of the root bus, which no other device ever has.
  case slot(Int)

  /// Any of a range, kept from start to start. A place among the slots of the root bus is kept, too, where an earlier
  /// version has given one of these; none is given anew.
  case any(Address.Bus, Range<Int>, orSlots: Range<Int>? = nil)

  /// Whether a device may stay where it was.
  func takes(_ address: Address) -> Bool {
    guard case .any(let bus, let numbers, let slots) = self else { return false }
    if address.bus == bus, numbers.contains(address.number) { return true }
    return address.bus == .pci && slots?.contains(address.number) == true
  }
}

/// The slots of the PCI root bus.
///
/// Slots 0, 1, 29 and 31 hold the chipset. Slots up to 4 stay free: QEMU makes the devices of `arguments` before those
/// that are given as JSON, and puts them into the lowest free slots.
enum PCISlot {
  /// Those of the root ports, eight a slot, in the order in which firmware counts the buses behind them.
  static let rootPorts = [5, 25, 26, 27]
  static let networkCards = 6..<10
  static let rng = 10
  static let scsiController = 11
  static let disks = 12..<28
  static let watchdog = 28
  static let usb = 30
}

extension MachineType {
  /// Where a PCI device goes that a guest may gain and lose; `slots` are those of its kind where the root bus takes it.
  func placeOnPCI(_ slots: Range<Int>) -> Attachment {
    switch family {
    case .q35: .any(.port, 0..<RootPorts.most, orSlots: slots)
    case .i440fx: .any(.pci, slots)
    case .microvm, .isapc, .other: .byQEMU
    }
  }

  /// The same for one of virtio.
  func placeOfVirtio(_ slots: Range<Int>) -> Attachment {
    family == .microvm ? .any(.mmio, 0..<virtioTransports) : placeOnPCI(slots)
  }

  /// How many virtio devices a microvm takes (QEMU: hw/i386/microvm.c).
  var virtioTransports: Int { hasPowerButton ? 24 : 8 }
}

/// What a device must know of the machine that it is part of.
package struct DeviceContext: Sendable {
  let type: MachineType
  let addresses: AddressPlan

  /// A device of a driver at the place that it has been given.
  func device(_ driver: String, of device: some Device) -> JSONObject {
    var object: JSONObject = ["driver": .string(driver), "id": .string(device.id.text)]
    switch device.attachment(on: type) {
    case .byQEMU: break
    case .slot(let slot): object["addr"] = .string(Self.hexadecimal(slot))
    case .any:
      guard let address = addresses[device.id] else { break }
      switch address.bus {
      case .pci: object["addr"] = .string(Self.hexadecimal(address.number))
      case .port:
        object["bus"] = .string(RootPorts.name(address.number))
        object["addr"] = "0x0"
      case .mmio: object["bus"] = .string("virtio-mmio-bus.\(type.virtioTransports - 1 - address.number)")
      case .scsi, .ide, .sata, .usb: break
      }
    }
    return object
  }

  /// A virtio device of a kind, such as `blk`, as this machine type attaches it.
  func virtio(_ kind: String, of device: some Device) -> JSONObject {
    let transport = type.family == .microvm ? "device" : "pci"
    return self.device("virtio-\(kind)-\(transport)", of: device)
  }

  static func hexadecimal(_ number: Int) -> String { "0x" + String(number, radix: 16) }
}
