internal import JSON

extension Machine {
  /// Each disk's image and the device that shows it to the guest; the first is booted from first.
  func addDisks(to list: inout ArgumentList) {
    if disks.contains(where: { $0.bus == .scsi }) {
      list.add("-device", device("virtio-scsi-pci", id: "scsi0", slot: PCISlot.scsiController))
    }
    for (index, disk) in disks.enumerated() {
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
      device["serial"] = .string(name)
    case .scsi:
      device = ["driver": "scsi-hd", "id": .string(name), "bus": "scsi0.0", "scsi-id": JSONValue(index)]
    case .ide:
      // QEMU has no IDE hard disk that cannot be written to.
      device = ["driver": disk.isReadOnly ? "ide-cd" : "ide-hd", "id": .string(name)]
    }
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
}

extension Machine.Disk {
  /// The image as QEMU opens it; the file below inherits what the format says of caching.
  fileprivate func node(named name: String) -> JSONObject {
    var node: JSONObject = ["driver": .string(format.rawValue), "node-name": .string(name)]
    if isReadOnly { node["read-only"] = true }
    if discards { node["discard"] = "unmap" }
    node["cache"] = ["direct": .bool(cache.isDirect), "no-flush": .bool(cache.ignoresFlushes)]
    node["file"] = ["driver": "file", "node-name": .string(name + "-file"), "filename": .string(file)]
    return node
  }
}

/// What the names of cache modes stand for (QEMU: the table at `cache=` in qemu-system(1)).
extension DiskSetting.Cache {
  fileprivate var isDirect: Bool { self == .none || self == .directsync }
  fileprivate var ignoresFlushes: Bool { self == .unsafe }
  fileprivate var hasWriteCache: Bool { self != .writethrough && self != .directsync }
}
