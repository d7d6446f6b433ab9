internal import JSON

/// One disk as written: an image file that the guest gets as it is.
package struct DiskSetting: Sendable, Equatable {
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

  /// What the disk is known by; without one its file's base name is.
  package var name: String?
  package var file: String
  package var format: Format?
  package var bus: Bus?
  package var readOnly: Bool?
  package var cache: Cache?
  /// Whether blocks that the guest discards are freed in the image.
  package var discard: Bool?
  /// Whether the guest finds a CD drive with the image in it.
  package var cdrom: Bool?
  /// What the guest tells the disk by, in `/dev/disk/by-id`.
  package var serial: String?

  package init(file: String) { self.file = file }
}

extension DiskSetting {
  /// The keys of a disk besides its file.
  package static let keys = ["name", "format", "bus", "readOnly", "cache", "discard", "cdrom", "serial"]

  /// Whether the guest cannot write to it: an installation medium is not to be changed by its guest.
  package var isReadOnly: Bool { readOnly ?? (cdrom == true || isISO) }

  /// Whether the name says that it is the image of a CD.
  var isISO: Bool { file.lowercased().hasSuffix(".iso") }
}

extension DiskSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> DiskSetting? {
    if node.value.string != nil { return fileName(node).map(DiskSetting.init) }
    guard var reader = ObjectReader(node, expected: "a file or an object") else { return nil }
    reader.refuse(
      "image", because: "overlays on an image are not there yet; 'file' names an image to use as it is")
    reader.refuse("size", because: "qemuvm does not make images yet; make one with 'qemu-img create'")
    let file = reader.read("file", fileName)
    if !reader.has("file") { reader.missing("file", "the image's file") }
    var setting = DiskSetting(file: file ?? "")
    setting.name = reader.read("name", diskName)
    setting.format = reader.read("format") { $0.word("disk format") }
    setting.bus = reader.read("bus") { $0.word("disk bus") }
    setting.readOnly = reader.read("readOnly")
    setting.cache = reader.read("cache") { $0.word("cache mode") }
    setting.discard = reader.read("discard")
    setting.cdrom = reader.read("cdrom")
    setting.serial = reader.read("serial", serialNumber)
    reader.finish()
    return file == nil ? nil : setting
  }

  private static func fileName(_ node: DefinitionNode) -> String? {
    node.nonEmptyText(expected: "the image's file")
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
    object["file"] = .string(file)
    object["format"] = format.map { .string($0.rawValue) }
    object["bus"] = bus.map { .string($0.rawValue) }
    object["readOnly"] = readOnly?.json
    object["cache"] = cache.map { .string($0.rawValue) }
    object["discard"] = discard?.json
    object["cdrom"] = cdrom?.json
    object["serial"] = serial.map { .string($0) }
    return .object(object)
  }
}

extension DiskSetting {
  /// The disk with its file seen from a folder.
  func anchored(in directory: String) -> DiskSetting {
    var disk = self
    disk.file = file.anchored(in: directory)
    return disk
  }
}
