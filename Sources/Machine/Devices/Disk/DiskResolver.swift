/// Decides the values of a machine's disks and collects what stands against them.
///
/// It needs no QEMU: a lab file is checked by the same rules.
struct DiskResolver {
  /// There is a slot on the PCI bus for so many.
  private static let mostDisks = PCISlot.disks.count

  let settings: Settings
  let images: [String: DiskImage]

  /// Whether the machine's type is one whose controllers are known: without a QEMU an alias may stand for any.
  var knowsType = true

  /// What is wrong, by the path of the key.
  private(set) var problems: [(path: String, why: String)] = []

  init(_ settings: Settings, images: [String: DiskImage]) {
    self.settings = settings
    self.images = images
  }

  mutating func disks(on type: Machine.BoardType, keeping plan: AddressPlan = AddressPlan()) -> [Disk] {
    let settings = self.settings.disks ?? []
    if settings.count > Self.mostDisks {
      report("disks", "\(settings.count) disks are more than the \(Self.mostDisks) that a machine takes")
    }
    let names = DiskNames.names(of: settings, keeping: plan)
    let disks = zip(settings, names).enumerated().map { index, disk in
      self.disk(disk.0, named: disk.1, at: index, on: type)
    }
    reportTwoUsers(settings)
    reportSameNames(settings)
    reportSameSerials(settings)
    if knowsType { reportFullControllers(disks, on: type) }
    return disks
  }

  private mutating func report(_ path: String, _ why: String) { problems.append((path, why)) }

  private mutating func disk(
    _ setting: DiskSetting, named name: String, at index: Int, on type: Machine.BoardType
  ) -> Disk {
    let path = "disks[\(index)]"
    let image = images[setting.file]
    let format = format(of: setting, image, path)
    let isCD = isCD(setting, path, on: type)
    let bus = setting.bus ?? (isCD ? type.family.busOfCDs : .virtio)
    if bus != .virtio, type.family == .microvm {
      report("\(path).bus", "'microvm' has no '\(bus.rawValue)', only 'virtio'")
    } else if bus != .ide, type.family == .isapc {
      report("\(path).bus", "'isapc' has no PCI bus for '\(bus.rawValue)'; write bus: \"ide\"")
    } else if bus == .ide, !type.family.isPC, type.family != .isapc, knowsType {
      report("\(path).bus", "'\(type.name)' is not known to have an IDE or SATA controller")
    }
    let isReadOnly = isCD || setting.isReadOnly
    return Disk(
      name: name, index: index, image: setting.file, format: format,
      isBlockDevice: image?.kind == .blockDevice, bus: bus,
      // No hard disk of these can be read-only.
      isCD: isCD || isReadOnly && (bus == .ide || bus == .sata), isReadOnly: isReadOnly,
      cache: setting.cache ?? .writeback, discards: setting.discard ?? !isReadOnly, serial: setting.serial)
  }

  // MARK: The image

  private mutating func format(
    of setting: DiskSetting, _ image: DiskImage?, _ path: String
  ) -> DiskSetting.Format {
    let file = setting.file.clipped
    if case .other(let what) = image?.kind {
      report("\(path).file", "'\(file)' is \(what), not a disk image")
      return setting.format ?? .raw
    }
    guard let format = setting.format(of: image) else {
      let found = image?.magic?.format.map { "; its first bytes are those of \($0.rawValue)" } ?? ""
      let choice = found.isEmpty ? "format: \"raw\" or \"qcow2\"" : "the format that it has"
      report("\(path).format", "the format cannot be told from the name '\(file)'\(found); write \(choice)")
      return .raw
    }
    if setting.format == nil, let image { reportMagic(of: setting, image, taken: format, path) }
    if format == .qcow2, image?.magic == .qcow2, let why = image?.brokenChain {
      report("\(path).file", "'\(file)' cannot be used: \(why)")
    }
    return format
  }

  /// An image that is not what its name says would be destroyed by its guest; one whose format is written stands.
  private mutating func reportMagic(
    of setting: DiskSetting, _ image: DiskImage, taken: DiskSetting.Format, _ path: String
  ) {
    let isAsTaken = taken == .raw ? image.magic == nil : image.magic?.format == taken
    guard !isAsTaken else { return }
    let file = setting.file.clipped
    let (taken, subject) = (taken.rawValue, image.kind == .blockDevice ? "a device" : "by its name it")
    let raw = "format: \"\(taken)\" if it truly is \(taken)"
    switch (image.magic, image.magic?.format) {
    case (_, let format?):
      let own = format.rawValue
      report(
        "\(path).file",
        "'\(file)' holds a \(own) image, and \(subject) would be used as \(taken): write format: \"\(own)\" "
          + "(--disk FILE,format=\(own)), or \(raw) and its guest wrote that header")
    case (let magic?, nil):
      report(
        "\(path).file",
        "'\(file)' holds a \(magic.rawValue) image, which is not supported, and \(subject) would be used as \(taken): "
          + "convert it with 'qemu-img convert -O qcow2', or write \(raw)")
    case (nil, _):
      report(
        "\(path).file",
        "'\(file)' has no \(taken) header, and \(subject) would be used as \(taken): write format: \"raw\" if it is "
          + "raw, or make it with 'qemu-img create -f \(taken)'")
    }
  }

  private mutating func reportTwoUsers(_ disks: [DiskSetting]) {
    var before: [ImageUse] = []
    for (index, disk) in disks.enumerated() {
      let image = images[disk.file]
      let uses = disk.uses(key: "disks[\(index)]", of: image, format: disk.format(of: image))
      // What was not found is told from others by its name alone.
      let sameName = disks[..<index].firstIndex {
        $0.file == disk.file && !($0.isReadOnly && disk.isReadOnly)
      }
      if let (use, other) = ImageUse.conflict(uses, before) {
        report("disks[\(index)].file", use.reason(against: other, of: nil))
      } else if uses.isEmpty, sameName != nil {
        report("disks[\(index)].file", "'\(disk.file.clipped)' is another disk of this VM already")
      }
      before += uses
    }
  }

  private mutating func reportSameNames(_ disks: [DiskSetting]) {
    for (index, disk) in disks.enumerated() {
      guard let name = disk.name, let first = disks[..<index].firstIndex(where: { $0.name == name })
      else { continue }
      report("disks[\(index)].name", "'\(name)' is the name of disks[\(first)] already")
    }
  }

  private mutating func reportSameSerials(_ disks: [DiskSetting]) {
    for (index, disk) in disks.enumerated() {
      guard let serial = disk.serial, let first = disks[..<index].firstIndex(where: { $0.serial == serial })
      else { continue }
      report("disks[\(index)].serial", "'\(serial)' is the serial number of disks[\(first)] already")
    }
  }

  // MARK: Its place

  /// A CD drive is asked for, or the name says that the image is a CD's and nothing says otherwise.
  private mutating func isCD(_ setting: DiskSetting, _ path: String, on type: Machine.BoardType) -> Bool {
    let canBe = setting.bus.map(\.hasCDs) ?? (type.family != .microvm)
    guard let asked = setting.cdrom else { return canBe && setting.isISO && setting.isReadOnly }
    guard asked else {
      if let bus = setting.bus, bus == .ide || bus == .sata, setting.isReadOnly {
        report(
          "\(path).cdrom",
          "what is read-only on '\(bus.rawValue)' is a CD; write readOnly: false, or another bus such as 'scsi'"
        )
      }
      return false
    }
    if !canBe {
      let what = setting.bus.map { "'\($0.rawValue)'" } ?? "'microvm'"
      report("\(path).cdrom", "\(what) has no CD drives: 'ide', 'sata' and 'scsi' have them")
    } else if setting.readOnly == false {
      report("\(path).readOnly", "the guest cannot write to a CD; leave out 'readOnly' or 'cdrom'")
    }
    return canBe
  }

  private mutating func reportFullControllers(_ disks: [Disk], on type: Machine.BoardType) {
    for (buses, most) in type.roomForDisks(besides: settings) {
      let count = disks.count { buses.contains($0.bus) }
      guard count > most else { continue }
      let names = buses.filter { bus in disks.contains { $0.bus == bus } }.map { "'\($0.rawValue)'" }
      report(
        "disks",
        "\(count) disks on \(names.joined(separator: " and ")) are more than the \(most) that '\(type.name)' takes"
      )
    }
  }
}

extension DiskSetting.Bus {
  var hasCDs: Bool { self == .ide || self == .sata || self == .scsi }
}

extension Machine.Family {
  /// Where a CD is found when nothing says where.
  fileprivate var busOfCDs: DiskSetting.Bus {
    switch self {
    case .i440fx, .isapc: .ide
    case .q35: .sata
    case .other: .scsi
    case .microvm: .virtio
    }
  }
}

extension Machine.BoardType {
  /// How many disks there is room for on buses that share a controller.
  fileprivate func roomForDisks(besides settings: Settings) -> [(buses: [DiskSetting.Bus], most: Int)] {
    switch family {
    case .i440fx: [([.ide], 4), ([.sata], 6)]
    case .isapc: [([.ide], 4)]
    case .q35: [([.ide, .sata], 6)]
    case .other: [([.sata], 6)]
    // Its slots for virtio, less those of the other devices there.
    case .microvm:
      [
        (
          [.virtio],
          virtioTransports - (settings.networks?.cards.count ?? 0)
            - (settings.rng == true ? 1 : 0)
        )
      ]
    }
  }
}

extension MachineResolver {
  mutating func disks() -> [Disk] {
    var resolver = DiskResolver(settings, images: host.images)
    let disks = resolver.disks(on: type, keeping: addresses)
    for problem in resolver.problems { report(problem.path, problem.why) }
    return disks
  }
}

extension FlatDefinition {
  /// All that is wrong with the disks, found without asking a QEMU.
  package func diskProblems(_ images: [String: DiskImage]) -> [Problem] {
    guard let name = settings.machine?.type else { return [] }
    var resolver = DiskResolver(settings, images: images)
    let type = Machine.BoardType(
      name: name, family: Machine.Family(typeName: name), options: settings.machine?.options ?? [:])
    resolver.knowsType = type.family != .other
    _ = resolver.disks(on: type)
    return resolver.problems.map {
      Problem(.invalid($0.why), path: $0.path, origin: origins.nearest(to: $0.path))
    }
  }
}
