internal import JSON

extension Machine {
  /// Each disk's image and the device that shows it to the guest; the first is booted from first.
  func addDisks(to list: inout ArgumentList) {
    if disks.contains(where: { $0.bus == .scsi }) {
      list.add("-device", device("virtio-scsi-pci", id: "scsi0", slot: PCISlot.scsiController))
    }
    for (index, disk) in disks.enumerated() {
      if disk.bus == .sata, type.family != .q35, portNumber(ofDisk: index) == 0 {
        // It has the slot of the first disk on it.
        list.add("-device", device("ich9-ahci", id: "sata0", slot: PCISlot.disks.lowerBound + index))
      }
      list.add("-blockdev", disk.node(named: NodeName.disk(index)))
      list.add("-device", device(for: disk, at: index))
    }
  }

  private func device(for disk: Disk, at index: Int) -> JSONObject {
    let name = NodeName.disk(index)
    let slot = PCISlot.disks.lowerBound + index
    var device: JSONObject
    switch disk.bus {
    case .virtio:
      device = virtio("blk", id: name, slot: slot)
    case .nvme:
      device = self.device("nvme", id: name, slot: slot)
      device["serial"] = .string(disk.serial ?? name)
    case .scsi:
      device = [
        "driver": disk.isCD ? "scsi-cd" : "scsi-hd", "id": .string(name), "bus": "scsi0.0",
        "scsi-id": JSONValue(index),
      ]
    case .ide, .sata:
      device = ["driver": disk.isCD ? "ide-cd" : "ide-hd", "id": .string(name)]
      let port = portNumber(ofDisk: index)
      if disk.bus == .sata, type.family != .q35 {
        device["bus"] = .string("sata0.\(port)")
      } else if type.family == .q35 {
        // AHCI: a port for each.
        device["bus"] = .string("ide.\(port)")
      } else {
        device["bus"] = .string("ide.\(port / 2)")
        device["unit"] = JSONValue(port % 2)
      }
    }
    if disk.bus != .nvme { device["serial"] = disk.serial.map { .string($0) } }
    device["drive"] = .string(name)
    device["bootindex"] = JSONValue(index + 1)
    if disk.bus != .nvme {
      // An error of the host's, a full disk above all, pauses the guest instead of reaching it.
      device["werror"] = "stop"
      device["rerror"] = "stop"
      device["write-cache"] = disk.cache.hasWriteCache ? "on" : "off"
    }
    return device
  }

  /// How many disks are on a disk's controller before it; on q35 `ide` and `sata` are one controller.
  private func portNumber(ofDisk index: Int) -> Int {
    let bus = disks[index].bus
    return disks[..<index].count {
      $0.bus == bus || type.family == .q35 && ($0.bus == .ide || $0.bus == .sata)
    }
  }
}

extension Machine.Disk {
  /// The image as QEMU opens it; the file below inherits what the format says of caching.
  fileprivate func node(named name: String) -> JSONObject {
    var node: JSONObject = ["driver": .string(format.rawValue), "node-name": .string(name)]
    if isReadOnly { node["read-only"] = true }
    if discards { node["discard"] = "unmap" }
    node["cache"] = ["direct": .bool(cache.isDirect), "no-flush": .bool(cache.ignoresFlushes)]
    node["file"] = [
      "driver": isBlockDevice ? "host_device" : "file", "node-name": .string(name + "-file"),
      "filename": .string(file),
    ]
    return node
  }
}

/// What the names of cache modes stand for (QEMU: the table at `cache=` in qemu-system(1)).
extension DiskSetting.Cache {
  fileprivate var isDirect: Bool { self == .none || self == .directsync }
  fileprivate var ignoresFlushes: Bool { self == .unsafe }
  fileprivate var hasWriteCache: Bool { self != .writethrough && self != .directsync }
}
