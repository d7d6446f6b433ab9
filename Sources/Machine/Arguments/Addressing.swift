internal import JSON

/// The slots of the PCI bus, each kept for one device.
///
/// A guest names its cards and disks by their slots: so these do not move when a definition gains or loses a
/// device. Slots 0, 1, 29 and 31 hold the chipset. Slots up to 4 stay free: QEMU makes the devices of
/// `arguments` before those that are given as JSON, and puts them into the lowest free slots.
enum PCISlot {
  static let hotplugPorts = 5
  static let networks = 6..<10
  static let rng = 10
  static let scsiController = 11
  static let disks = 12..<28
  static let watchdog = 28
  static let usb = 30
}

/// Names of block nodes, which commands refer to.
package enum NodeName {
  package static let uefiCode = "uefi-code"
  package static let uefiVariables = "uefi-vars"
  static func disk(_ index: Int) -> String { "disk\(index)" }

  /// The disk whose node or device has a name; nil for another name.
  package static func disk(named name: String) -> Int? {
    Int(name.dropFirst(4)).flatMap { disk($0) == name ? $0 : nil }
  }
}

extension Machine {
  /// A virtio device of a kind, such as `blk`, as this machine type attaches it.
  ///
  /// On PCs it gets its slot; elsewhere QEMU finds a place.
  func virtio(_ kind: String, id: String, slot: Int) -> JSONObject {
    let transport = type.family == .microvm ? "device" : "pci"
    return device("virtio-\(kind)-\(transport)", id: id, slot: slot)
  }

  func device(_ driver: String, id: String, slot: Int) -> JSONObject {
    var device: JSONObject = ["driver": .string(driver), "id": .string(id)]
    if type.family.isPC { device["addr"] = .string("0x" + String(slot, radix: 16)) }
    return device
  }
}
