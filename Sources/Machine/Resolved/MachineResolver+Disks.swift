extension MachineResolver {
  /// Each disk has a place on the PCI bus kept for it, whatever its bus is.
  private static let mostDisks = PCISlot.disks.count

  mutating func disks(on type: Machine.BoardType) -> [Machine.Disk] {
    let settings = self.settings.disks ?? []
    if settings.count > Self.mostDisks {
      report("disks", "\(settings.count) disks are more than the \(Self.mostDisks) that a machine takes")
    }
    let disks = settings.enumerated().map { disk($0.element, path: "disks[\($0.offset)]", on: type) }
    reportTwoWriters(disks)
    reportFullController(disks, on: type)
    return disks
  }

  private mutating func disk(_ setting: DiskSetting, path: String, on type: Machine.BoardType) -> Machine.Disk
  {
    let format = setting.format ?? DiskSetting.Format(fileName: setting.file)
    if format == nil {
      report(
        "\(path).format",
        "the format cannot be told from the name '\(setting.file.clipped)'; write format: \"raw\" or \"qcow2\""
      )
    }
    let bus = setting.bus ?? .virtio
    if bus != .virtio, type.family == .microvm {
      report("\(path).bus", "'microvm' has no '\(bus.rawValue)', only 'virtio'")
    } else if bus == .ide, !type.family.isPC {
      report("\(path).bus", "'\(type.name)' is not known to have an IDE or SATA controller")
    }
    let isReadOnly = setting.readOnly ?? false
    return Machine.Disk(
      file: setting.file, format: format ?? .raw, bus: bus, isReadOnly: isReadOnly,
      cache: setting.cache ?? .writeback, discards: setting.discard ?? !isReadOnly)
  }

  private mutating func reportTwoWriters(_ disks: [Machine.Disk]) {
    for (index, disk) in disks.enumerated() {
      let sameFile = disks[..<index].first { $0.file == disk.file && !($0.isReadOnly && disk.isReadOnly) }
      if sameFile != nil {
        report("disks[\(index)].file", "'\(disk.file)' is another disk of this VM already")
      }
    }
  }

  private mutating func reportFullController(_ disks: [Machine.Disk], on type: Machine.BoardType) {
    let most: Int
    switch type.family {
    case .i440fx: most = 4
    case .q35: most = 6
    case .microvm, .other: return
    }
    let count = disks.count { $0.bus == .ide }
    if count > most {
      report("disks", "\(count) disks on 'ide' are more than the \(most) that '\(type.name)' takes")
    }
  }
}
