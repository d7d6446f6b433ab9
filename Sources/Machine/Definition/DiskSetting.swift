internal import JSON

/// One disk as written: an image file that the guest gets as it is.
package struct DiskSetting: Sendable, Equatable {
  /// How the bytes of an image are laid out.
  ///
  /// QEMU is told, never left to guess: a guest could write another format's header into a raw image and so
  /// read any file of the host.
  package enum Format: String, Sendable, CaseIterable {
    case qcow2
    case raw
    case vmdk
    case vdi
    case vhdx
    case vpc

    /// What a file's name says of its format.
    init?(fileName: String) {
      switch fileName.split(separator: ".", omittingEmptySubsequences: false).last?.lowercased() {
      case "qcow2": self = .qcow2
      case "raw", "img", "iso": self = .raw
      case "vmdk": self = .vmdk
      case "vdi": self = .vdi
      case "vhdx": self = .vhdx
      case "vpc", "vhd": self = .vpc
      default: return nil
      }
    }
  }

  /// The controller that the guest finds the disk on.
  package enum Bus: String, Sendable, CaseIterable {
    case virtio
    case scsi
    case nvme
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

  package var file: String
  package var format: Format?
  package var bus: Bus?
  package var readOnly: Bool?
  package var cache: Cache?
  /// Whether blocks that the guest discards are freed in the image.
  package var discard: Bool?

  package init(file: String) { self.file = file }
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
    setting.format = reader.read("format") { $0.word("disk format") }
    setting.bus = reader.read("bus") { $0.word("disk bus") }
    setting.readOnly = reader.read("readOnly")
    setting.cache = reader.read("cache") { $0.word("cache mode") }
    setting.discard = reader.read("discard")
    reader.finish()
    return file == nil ? nil : setting
  }

  private static func fileName(_ node: DefinitionNode) -> String? {
    node.nonEmptyText(expected: "the image's file")
  }

  var json: JSONValue {
    var object: JSONObject = ["file": .string(file)]
    object["format"] = format.map { .string($0.rawValue) }
    object["bus"] = bus.map { .string($0.rawValue) }
    object["readOnly"] = readOnly?.json
    object["cache"] = cache.map { .string($0.rawValue) }
    object["discard"] = discard?.json
    return .object(object)
  }
}
