internal import JSON

// What of a disk changes while the guest runs.
extension Disk {
  package func isPluggable(on type: MachineType) -> Bool {
    switch bus {
    case .virtio, .nvme: type.family.isPC
    case .scsi: true
    case .ide, .sata: false
    }
  }

  package func adjustment(
    from old: [MachineChange.ValueChange], in context: DeviceContext
  ) -> LiveAdjustment? {
    let keys = Set(old.map(\.key))
    if keys == ["size"] { return growth(from: old[0].old) }
    return isCD && keys.isSubset(of: ["file", "format", "blockDevice"]) ? otherMedium(old) : nil
  }

  /// A disk of the VM's own grows; nothing makes it smaller again.
  private func growth(from old: JSONValue?) -> LiveAdjustment? {
    // Damaged: it is as if it were not known.
    guard own?.isThrownAway == false, let size = setting.size,
      let old = old?.string.flatMap({ try? ByteCount(parsing: $0) }),
      size > old
    else { return nil }
    return LiveAdjustment(
      commands: [.qmp("block_resize", ["node-name": .string(id.text), "size": JSONValue(size.bytes)])],
      undo: nil)
  }

  /// Another CD in the drive.
  ///
  /// A guest that has locked the tray is asked to open it, and keeps its medium meanwhile.
  private func otherMedium(_ changes: [MachineChange.ValueChange]) -> LiveAdjustment {
    func old(_ key: String) -> MachineChange.ValueChange? { changes.first { $0.key == key } }
    let before = node(
      old("file")?.old?.string ?? image, old("format")?.old?.string ?? format.rawValue,
      isBlockDevice: old("blockDevice").map { $0.old == true } ?? isBlockDevice)
    let after = node(image, format.rawValue, isBlockDevice: isBlockDevice)
    return LiveAdjustment(commands: medium(after), undo: medium(before))
  }

  private func medium(_ node: JSONObject) -> [LiveCommand] {
    let id = JSONValue.string(id.text)
    return [
      .qmp("blockdev-open-tray", ["id": id]), .qmp("blockdev-remove-medium", ["id": id]),
      .qmp("blockdev-del", ["node-name": id]), .qmp("blockdev-add", node),
      .qmp("blockdev-insert-medium", ["id": id, "node-name": id]), .qmp("blockdev-close-tray", ["id": id]),
    ]
  }
}
