internal import JSON

/// The slots of the PCI bus, each kept for one device.
///
/// A guest names its cards and disks by their slots: so these do not move when a definition gains or loses a device.
/// Slots 0, 1 and 31 hold a PC's chipset or the root ports, 29 its USB controllers; the rest is left to `arguments`.
enum PCISlot {
  static let hotplugPorts = 1
  static let networks = 2..<6
  static let rng = 6
  static let scsiController = 7
  static let disks = 8..<24
}

/// Names of block nodes, which commands refer to.
enum NodeName {
  static let uefiCode = "uefi-code"
  static let uefiVariables = "uefi-vars"
  static func disk(_ index: Int) -> String { "disk\(index)" }
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
