/// Decides the values of a machine's disks and collects what stands against them.
///
/// It needs no QEMU: a lab file is checked by the same rules.
struct DiskResolver {
  /// There is a slot on the PCI bus for so many.
  private static let mostDisks = PCISlot.disks.count

  let settings: Settings
  let facts: DiskFacts

  /// Whether the machine's type is one whose controllers are known: without a QEMU an alias may stand for any.
  var knowsType = true

  /// What is wrong, by the path of the key.
  private(set) var problems: [(path: String, why: String)] = []

  init(_ settings: Settings, _ facts: DiskFacts) {
    self.settings = settings
    self.facts = facts
  }

  mutating func disks(on type: MachineType, keeping plan: AddressPlan = AddressPlan()) -> [Disk] {
    let entries = settings.diskEntries
    if entries.count > Self.mostDisks {
      report("disks", "\(entries.count) disks are more than the \(Self.mostDisks) that a machine takes")
    }
    if settings.image == nil, settings.imageSize != nil {
      report("imageSize", "there is no 'image' to be of that size")
    }
    let names = DiskNames.names(of: entries, keeping: plan)
    let turns = turnsAtBooting(entries)
    let disks = zip(entries, names).enumerated().map { index, disk in
      self.disk(disk.0, named: disk.1, turn: turns[index], on: type)
    }
    reportTwoUsers(entries)
    reportSameNames(entries)
    reportSameSerials(entries)
    if knowsType { reportFullControllers(disks, on: type) }
    return disks
  }

  private mutating func report(_ path: String, _ why: String) { problems.append((path, why)) }

  /// When each is looked at for something to boot, from 1: by what is written, then by the list.
  private mutating func turnsAtBooting(_ entries: [DiskEntry]) -> [Int] {
    for (index, entry) in entries.enumerated() {
      guard let boot = entry.setting.boot,
        let first = entries[..<index].first(where: { $0.setting.boot == boot })
      else { continue }
      report(entry.path("boot"), "\(boot) is the turn of \(first.key) already")
    }
    let order = entries.indices.sorted {
      let (left, right) = (entries[$0].setting.boot ?? .max, entries[$1].setting.boot ?? .max)
      return left == right ? $0 < $1 : left < right
    }
    var turns = entries.map { _ in 0 }
    for (turn, index) in order.enumerated() { turns[index] = turn + 1 }
    return turns
  }

  private mutating func disk(
    _ entry: DiskEntry, named name: String, turn: Int, on type: MachineType
  ) -> Disk {
    let setting = entry.setting
    let isCD = isCD(entry, on: type)
    let bus = setting.bus ?? (isCD ? type.family.busOfCDs : .virtio)
    if bus != .virtio, type.family == .microvm {
      report(entry.path("bus"), "'microvm' has no '\(bus.rawValue)', only 'virtio'")
    } else if bus != .ide, type.family == .isapc {
      report(entry.path("bus"), "'isapc' has no PCI bus for '\(bus.rawValue)'; write bus: \"ide\"")
    } else if bus == .ide, !type.family.isPC, type.family != .isapc, knowsType {
      report(entry.path("bus"), "'\(type.name)' is not known to have an IDE or SATA controller")
    }
    let isReadOnly = isCD || setting.isReadOnly
    let (file, own) = image(of: entry, named: name, isReadOnly: isReadOnly)
    return Disk(
      name: name, key: entry.key, sourceKey: entry.sourceKey, turn: turn, setting: setting, image: file.path,
      format: file.format ?? .raw, isThere: file.found != nil,
      isBlockDevice: file.found?.kind == .blockDevice,
      own: own, bus: bus,
      // No hard disk of these can be read-only.
      isCD: isCD || isReadOnly && (bus == .ide || bus == .sata), isReadOnly: isReadOnly,
      cache: setting.cache ?? .writeback, discards: setting.discard ?? !isReadOnly, serial: setting.serial,
      aio: setting.aio)
  }

  // MARK: The image

  /// What QEMU opens, and what is made for it before.
  private mutating func image(
    of entry: DiskEntry, named name: String, isReadOnly: Bool
  ) -> (BaseImage, OwnImage?) {
    let setting = entry.setting
    let files = DiskFiles(entry, facts)
    if let missing = setting.storedName, files.source == nil { reportNotStored(missing, entry) }
    if let source = files.source { check(source, of: entry) }
    if files.hasOwn { check(files, entry) }
    let nothing = BaseImage("/", nil, nil)
    if isReadOnly || setting.isPersistent, files.own == nil { return (files.source ?? nothing, nil) }
    if isReadOnly {
      if entry.key == entry.sourceKey, setting.size != nil {
        report(entry.sizeKey, "a disk that is only read does not grow")
      }
      return (files.opened ?? nothing, nil)
    }
    // What its way to the VM is; one that is not there has been reported.
    let base = files.source ?? nothing
    let content: OwnImage.Content
    let path: String
    if !setting.isPersistent {
      path = facts.folders.thrownAway(name)
      content =
        files.opened.map { .overlay(on: $0) } ?? (setting.source == .blank ? .blank : .overlay(on: base))
    } else {
      path = facts.folders.kept(name)
      content =
        setting.source == .blank ? .blank : setting.clone == true ? .copy(of: base) : .overlay(on: base)
    }
    let own = OwnImage(
      key: entry.key, path: path, content: content, size: setting.size,
      isThrownAway: !setting.isPersistent)
    reportShrinking(content, of: files, entry)
    let found = setting.isPersistent ? files.own?.found : nil
    return (BaseImage(path, .qcow2, found), own)
  }

  private mutating func reportNotStored(_ name: String, _ entry: DiskEntry) {
    let nearest = nearestName(to: name, among: facts.store.names)
    report(
      entry.sourceKey,
      "the image store has no '\(name.clipped)'"
        + (nearest.map { "; did you mean '\($0)'?" }
          ?? "; 'qemuvm image ls' lists what it has, 'qemuvm image add' takes a file in")
        + " (A file is written with its folder: './\(name.clipped)'.)")
  }

  /// What is written is an image, of the format that is taken.
  private mutating func check(_ image: BaseImage, of entry: DiskEntry) {
    let setting = entry.setting
    let file = setting.sourceText.clipped
    if case .other(let what) = image.found?.kind {
      return report(entry.sourceKey, "'\(file)' is \(what), not a disk image")
    }
    guard let format = image.format else {
      let found = image.found?.magic?.format.map { "; its first bytes are those of \($0.rawValue)" } ?? ""
      let choice = found.isEmpty ? "format: \"raw\" or \"qcow2\"" : "the format that it has"
      let how = entry.key == entry.sourceKey ? ", in an entry of 'disks': { image: …, format: … }" : ""
      return report(
        entry.path("format"),
        "the format cannot be told from the name '\(file)'\(found); write \(choice)\(how)")
    }
    if setting.format == nil, let found = image.found { reportMagic(of: entry, found, taken: format) }
    if format == .qcow2, image.found?.magic == .qcow2, let why = image.found?.brokenChain {
      report(entry.sourceKey, "'\(file)' cannot be used: \(why)")
    }
  }

  /// A disk of the VM's own is what the definition says it is, or is left as it is.
  private mutating func check(_ files: DiskFiles, _ entry: DiskEntry) {
    guard let own = files.own, let found = own.found else { return }
    guard found.magic == .qcow2 else {
      return report(
        entry.sourceKey,
        "the VM's own disk \(own.path) is no qcow2 image any more: somebody has written over it; put a copy in its "
          + "place, or move it away to begin anew")
    }
    if let why = found.brokenChain {
      return report(
        entry.sourceKey,
        "the VM's own disk \(own.path) cannot be used: \(why); put that back, or tell the disk where it is now with "
          + "'qemu-img rebase -u -b FILE -F FORMAT'")
    }
    // A publisher's list names another image from time to time; a disk stays on the one that it was made on.
    if case .list? = entry.setting.remoteImage?.checksum { return }
    guard let source = files.source, entry.setting.clone != true else { return }
    let base = found.parts.first { !$0.isWritten }
    // One that is not there is not the one that is.
    let isSame = source.found.map { $0.identity == base?.identity } ?? (source.path == base?.path)
    guard !isSame else { return }
    let stands = base.map { "stands on '\($0.path)'" } ?? "was made without an image"
    report(
      entry.sourceKey,
      "the VM's own disk \(own.path) \(stands), not on '\(entry.setting.sourceText.clipped)', and keeps what was "
        + "written to it: give this disk another 'name' for a new one, or name what it was made with")
  }

  private mutating func reportShrinking(_ content: OwnImage.Content, of files: DiskFiles, _ entry: DiskEntry)
  {
    guard let size = entry.setting.size else { return }
    if let own = files.own, files.hasOwn {
      guard let present = own.virtualSize, size < present else { return }
      report(
        entry.sizeKey,
        "the disk has \(present), and never shrinks to \(size): its guest would lose what lies behind that; write "
          + "\(present) or more")
    } else if let base = content.base, let least = base.virtualSize, size < least {
      report(
        entry.sizeKey,
        "the image '\(entry.setting.sourceText.clipped)' has \(least), and a disk with what is on it cannot have "
          + "\(size); write \(least) or more, or leave it out")
    }
  }

  /// An image that is not what its name says would be destroyed by its guest; one whose format is written stands.
  private mutating func reportMagic(
    of entry: DiskEntry, _ image: DiskImage, taken: DiskSetting.Format
  ) {
    let isAsTaken = taken == .raw ? image.magic == nil : image.magic?.format == taken
    guard !isAsTaken else { return }
    let (file, path) = (entry.setting.sourceText.clipped, entry.sourceKey)
    let (taken, subject) = (taken.rawValue, image.kind == .blockDevice ? "a device" : "by its name it")
    let raw = "format: \"\(taken)\" if it truly is \(taken)"
    switch (image.magic, image.magic?.format) {
    case (_, let format?):
      let own = format.rawValue
      report(
        path,
        "'\(file)' holds a \(own) image, and \(subject) would be used as \(taken): write format: \"\(own)\" "
          + "(--disk FILE,format=\(own)), or \(raw) and its guest wrote that header")
    case (let magic?, nil):
      report(
        path,
        "'\(file)' holds a \(magic.rawValue) image, which is not supported, and \(subject) would be used as \(taken): "
          + "convert it with 'qemu-img convert -O qcow2', or write \(raw)")
    case (nil, _):
      report(
        path,
        "'\(file)' has no \(taken) header, and \(subject) would be used as \(taken): write format: \"raw\" if it is "
          + "raw, or make it with 'qemu-img create -f \(taken)'")
    }
  }

  private mutating func reportTwoUsers(_ disks: [DiskEntry]) {
    var before: [ImageUse] = []
    for (index, disk) in disks.enumerated() {
      let uses = disk.uses(facts)
      // What was not found is told from others by its name alone.
      let sameName = disks[..<index].firstIndex {
        $0.userFile == disk.userFile && !($0.setting.isReadOnly && disk.setting.isReadOnly)
      }
      if let (use, other) = ImageUse.conflict(uses, before) {
        report(disk.sourceKey, use.reason(against: other, of: nil))
      } else if uses.isEmpty, let path = disk.userFile, sameName != nil {
        report(disk.sourceKey, "'\(path.clipped)' is another disk of this VM already")
      }
      before += uses
    }
  }

  private mutating func reportSameNames(_ disks: [DiskEntry]) {
    let names = disks.map { $0.setting.name ?? $0.ownName }
    for (index, disk) in disks.enumerated() {
      guard let name = names[index], let first = names[..<index].firstIndex(of: name) else { continue }
      if disk.setting.name != nil {
        report(disk.path("name"), "'\(name)' is the name of \(disks[first].key) already")
      } else {
        report(
          disk.sourceKey,
          "this disk would be called '\(name)', as \(disks[first].key) is: write a 'name' for it")
      }
    }
  }

  private mutating func reportSameSerials(_ disks: [DiskEntry]) {
    let serials = disks.map(\.setting.serial)
    for (index, disk) in disks.enumerated() {
      guard let serial = serials[index], let first = serials[..<index].firstIndex(of: serial) else {
        continue
      }
      report(disk.path("serial"), "'\(serial)' is the serial number of \(disks[first].key) already")
    }
  }

  // MARK: Its place

  /// A CD drive is asked for, or the name says that the image is a CD's and nothing says otherwise.
  private mutating func isCD(_ entry: DiskEntry, on type: MachineType) -> Bool {
    let setting = entry.setting
    let canBe = setting.bus.map(\.hasCDs) ?? (type.family != .microvm)
    guard let asked = setting.cdrom else { return canBe && setting.isISO && setting.isReadOnly }
    guard asked else {
      if let bus = setting.bus, bus == .ide || bus == .sata, setting.isReadOnly {
        report(
          entry.path("cdrom"),
          "what is read-only on '\(bus.rawValue)' is a CD; write readOnly: false, or another bus such as 'scsi'"
        )
      }
      return false
    }
    if !canBe {
      let what = setting.bus.map { "'\($0.rawValue)'" } ?? "'microvm'"
      report(entry.path("cdrom"), "\(what) has no CD drives: 'ide', 'sata' and 'scsi' have them")
    } else if setting.readOnly == false {
      report(entry.path("readOnly"), "the guest cannot write to a CD; leave out 'readOnly' or 'cdrom'")
    }
    return canBe
  }

  private mutating func reportFullControllers(_ disks: [Disk], on type: MachineType) {
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

extension MachineType {
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
    var resolver = DiskResolver(
      settings, DiskFacts(images: host.images, store: host.store, folders: paths.disks))
    let disks = resolver.disks(on: type, keeping: addresses)
    for problem in resolver.problems { report(problem.path, problem.why) }
    return disks
  }
}

extension FlatDefinition {
  /// The images that disks are to stand on and that are not there, of which the facts would have to tell.
  package func missingImages(_ facts: DiskFacts) -> [Problem] {
    settings.diskEntries.compactMap { entry in
      let files = DiskFiles(entry, facts)
      guard case .image(.file(let path)) = entry.setting.source, files.source?.found == nil, !files.hasOwn
      else {
        return nil
      }
      return Problem(
        .invalid("there is no '\(path.clipped)' for the disk to stand on"), path: entry.sourceKey,
        origin: origins.nearest(to: entry.sourceKey))
    }
  }

  /// All that is wrong with the disks, found without asking a QEMU.
  package func diskProblems(_ facts: DiskFacts) -> [Problem] {
    guard let name = settings.machine?.type else { return [] }
    var resolver = DiskResolver(settings, facts)
    let type = MachineType(
      name: name, family: Machine.Family(typeName: name), options: settings.machine?.options ?? [:])
    resolver.knowsType = type.family != .other
    _ = resolver.disks(on: type)
    return resolver.problems.map {
      Problem(.invalid($0.why), path: $0.path, origin: origins.nearest(to: $0.path))
    }
  }
}
