internal import JSON

/// One disk as written: a file that the guest gets as it is, or a disk of the VM's own.
package struct DiskSetting: Sendable, Equatable {
  /// What the guest finds on it.
  package enum Source: Sendable, Equatable {
    /// That very file.
    case file(String)
    /// What an image has; the guest writes to a disk of the VM's own.
    case image(ImageReference)
    /// Nothing: a disk of the VM's own.
    case blank
  }

  /// The controller that the guest finds the disk on.
  package enum Bus: String, Sendable, CaseIterable {
    case virtio
    case scsi
    case nvme
    /// AHCI: the machine's own controller on q35, one more elsewhere.
    case sata
    /// The machine's own IDE or SATA controller.
    case ide
  }

  /// QEMU's cache modes, by the names that `-drive cache=` made known.
  package enum Cache: String, Sendable, CaseIterable {
    case none
    case writeback
    case writethrough
    case directsync
    case unsafe
  }

  /// How QEMU waits for the host's storage; its own words.
  package enum AIO: String, Sendable, CaseIterable {
    case threads
    case native
    case ioUring = "io_uring"
  }

  /// What the disk is known by; without one the base name of its file or image is.
  package var name: String?
  package var source: Source
  /// How large a disk of the VM's own is at least.
  package var size: ByteCount?
  /// Whether a disk of the VM's own is a full copy of its image, which then it does not need any more.
  package var clone: Bool?
  /// Whether what the guest writes is kept for its next start.
  package var persistent: Bool?
  package var format: Format?
  package var bus: Bus?
  package var readOnly: Bool?
  package var cache: Cache?
  package var aio: AIO?
  /// Whether blocks that the guest discards are freed in the image.
  package var discard: Bool?
  /// Whether the guest finds a CD drive with the image in it.
  package var cdrom: Bool?
  /// What the guest tells the disk by, in `/dev/disk/by-id`.
  package var serial: String?
  /// Its turn when the firmware looks for something to boot: those that have one come first.
  package var boot: Int?

  package init(file: String) { self.init(source: .file(file)) }
  package init(source: Source) { self.source = source }
}

extension DiskSetting {
  /// The keys of a disk besides its file.
  package static let keys = [
    "name", "image", "size", "clone", "persistent", "format", "bus", "readOnly", "cache", "aio", "discard",
    "cdrom",
    "serial", "boot",
  ]

  /// The name of the image store that it stands on; nil where it stands on none.
  package var storedName: String? { if case .image(let image) = source { image.storedName } else { nil } }

  /// What it stands on that is downloaded; nil where it stands on none.
  package var remoteImage: RemoteImage? { if case .image(let image) = source { image.remote } else { nil } }

  /// The file of the user's that it is; nil for a disk of the VM's own.
  package var file: String? { if case .file(let path) = source { path } else { nil } }

  /// What it is called where it is spoken of: the file, or the image.
  var sourceText: String {
    switch source {
    case .file(let path): path
    case .image(let image): image.remote?.imageName ?? image.text
    case .blank: name ?? ""
    }
  }

  /// Whether the guest cannot write to it: an installation medium is not to be changed by its guest.
  package var isReadOnly: Bool { readOnly ?? (cdrom == true || isISO) }

  /// Whether the name says that it is the image of a CD.
  var isISO: Bool { sourceText.lowercased().hasSuffix(".iso") }

  var isPersistent: Bool { persistent ?? true }
}

extension DiskSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> DiskSetting? {
    if node.value.string != nil { return fileName(node).map(DiskSetting.init) }
    guard var reader = ObjectReader(node, expected: "a file or an object") else { return nil }
    let source = source(&reader)
    var setting = DiskSetting(source: source ?? .blank)
    setting.name = reader.read("name", diskName)
    setting.size = reader.read("size", size)
    setting.clone = reader.read("clone")
    setting.persistent = reader.read("persistent")
    setting.format = reader.read("format") { $0.word("disk format") }
    setting.bus = reader.read("bus") { $0.word("disk bus") }
    setting.readOnly = reader.read("readOnly")
    setting.cache = reader.read("cache") { $0.word("cache mode") }
    setting.aio = reader.read("aio") { $0.word("way to wait for storage") }
    setting.discard = reader.read("discard")
    setting.cdrom = reader.read("cdrom")
    setting.serial = reader.read("serial", serialNumber)
    setting.boot = reader.read("boot") { $0.integer(in: 1...99, "turn at booting") }
    if source != nil { setting.checkTogether(reader) }
    reader.finish()
    return source == nil ? nil : setting
  }

  /// What the disk is, by the one key of three that says so.
  private static func source(_ reader: inout ObjectReader) -> Source? {
    let file = reader.read("file", fileName)
    let image: ImageReference? = reader.read("image")
    switch (reader.has("file"), reader.has("image")) {
    case (true, true):
      reader.report(
        "image", "'file' is written as well: a disk is that very file, or one of its own on an image")
      return nil
    case (true, false): return file.map { .file($0) }
    case (false, true): return image.map { .image($0) }
    case (false, false):
      guard reader.has("size") else {
        reader.missing("file", "the disk's 'file', 'image' or 'size'")
        return nil
      }
      return .blank
    }
  }

  /// Reports keys that do not go together.
  private func checkTogether(_ reader: ObjectReader) {
    switch source {
    case .file:
      if size != nil {
        reader.report(
          "size",
          "a 'file' is used as it is, and its size is its own; 'qemu-img resize' grows it while it is not used"
        )
      }
    case .image:
      if isReadOnly, size != nil { reader.report("size", "a disk that is only read does not grow") }
    case .blank:
      if !reader.has("name") {
        reader.missing("name", "the name of a blank disk, by which it is found again,")
      }
      if cdrom == true {
        reader.report("cdrom", "there would be nothing on that CD; name its 'file' or 'image'")
      }
      if readOnly == true { reader.report("readOnly", "nothing could ever get onto a blank disk") }
      if format != nil {
        reader.report("format", "qemuvm makes it, as qcow2; 'format' is that of a file or an image")
      }
    }
    if aio == .native, cache != DiskSetting.Cache.none, cache != .directsync {
      reader.report("aio", "'native' needs cache: \"none\" or \"directsync\"")
    }
    guard clone == true else { return }
    if case .image = source {
      if isReadOnly { reader.report("clone", "an image that is only read needs no copy") }
      if !isPersistent {
        reader.report("clone", "a copy for each run would be thrown away; persistent: false needs none")
      }
    } else {
      reader.report("clone", "only an 'image' is copied")
    }
  }

  /// What any format has room for, in the sectors that a disk consists of.
  static func size(_ node: DefinitionNode) -> ByteCount? {
    guard let size = ByteCount.read(node) else { return nil }
    guard (.mebibytes(1) ... .gibibytes(65_536)).contains(size) else {
      return node.wrong("a disk has from 1M to 64T, not \(size)")
    }
    guard size.bytes % 512 == 0 else {
      return node.wrong("\(size) is not a whole number of sectors, 512B each")
    }
    return size
  }

  private static func fileName(_ node: DefinitionNode) -> String? {
    node.fileName(expected: "the image's file")
  }

  private static func diskName(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a disk's name") else { return nil }
    let isName = text.unicodeScalars.allSatisfy {
      Character($0).isASCIILetterOrDigit || $0 == "-" || $0 == "_"
    }
    guard isName, text.utf8.count <= DeviceID.longestDiskName else {
      return node.wrong(
        "'\(text.clipped)' cannot be a disk's name: it must be 1 to \(DeviceID.longestDiskName) ASCII letters, "
          + "digits, '-' and '_'")
    }
    return text
  }

  /// As long as the shortest of the standards has room for: ATA, NVMe and virtio keep 20 bytes.
  private static func serialNumber(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a serial number") else { return nil }
    let isPrintable = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    guard isPrintable, text.utf8.count <= 20, text.first != " ", text.last != " " else {
      return node.wrong(
        "'\(text.clipped)' cannot be a serial number: it must be 1 to 20 printable ASCII characters, with no "
          + "space at either end")
    }
    return text
  }

  var json: JSONValue {
    var object = JSONObject()
    object["name"] = name.map { .string($0) }
    switch source {
    case .file(let path): object["file"] = .string(path)
    case .image(let image): object["image"] = image.json
    case .blank: break
    }
    object["size"] = size?.json
    object["clone"] = clone?.json
    object["persistent"] = persistent?.json
    object["format"] = format.map { .string($0.rawValue) }
    object["bus"] = bus.map { .string($0.rawValue) }
    object["readOnly"] = readOnly?.json
    object["cache"] = cache.map { .string($0.rawValue) }
    object["aio"] = aio.map { .string($0.rawValue) }
    object["discard"] = discard?.json
    object["cdrom"] = cdrom?.json
    object["serial"] = serial.map { .string($0) }
    object["boot"] = boot?.json
    return .object(object)
  }
}

extension DiskSetting {
  /// The disk with its file or image seen from a folder.
  func anchored(in directory: String) -> DiskSetting {
    var disk = self
    switch source {
    case .file(let path): disk.source = .file(path.anchored(in: directory))
    case .image(let image): disk.source = .image(image.anchored(in: directory))
    case .blank: break
    }
    return disk
  }
}
