internal import JSON

/// A folder of the host's that the guest mounts by its tag, `mount -t virtiofs TAG /mnt`.
///
/// Key: `shares`. Served by virtiofsd(1), which reads and writes the guest's memory itself.
struct Share: Device {
  let setting: ShareSetting
  let key: String
  let paths: MachinePaths

  private static let program = "virtiofsd"

  /// The virtiofsd that came with QEMU before 8.0: only for root, and it shares nothing read-only.
  private static let earlierPlace = "/usr/lib/qemu/virtiofsd"

  var id: DeviceID { DeviceID("share-" + setting.tag) }
  var label: String { "share '\(setting.tag)'" }

  var properties: JSONObject {
    var properties: JSONObject = ["path": .string(setting.path), "tag": .string(setting.tag)]
    if setting.isReadOnly { properties["readOnly"] = true }
    return properties
  }

  var shown: [(key: String, value: String)] {
    [(key, "\(setting.tag): \(setting.path)" + (setting.isReadOnly ? ", read-only" : ""))]
  }

  var requiredFiles: [RequiredFile] {
    [RequiredFile(key: key + ".path", path: setting.path, isWritten: false, kind: .folder)]
  }

  func attachment(on type: MachineType) -> Attachment { type.placeOfVirtio(PCISlot.disks) }

  var helper: DeviceHelper? {
    let places = ["/usr/libexec/virtiofsd", "/usr/lib/virtiofsd"]
    let advice =
      setting.isReadOnly
      ? "The package virtiofsd has one that can share a folder read-only; QEMU's own before 8.0 cannot."
      : "The package virtiofsd has it, and on Debian 12 qemu-system-common."
    return DeviceHelper(
      name: id.text, title: "the \(label)", key: key,
      program: DeviceHelper.Program(
        Self.program, places: setting.isReadOnly ? places : places + [Self.earlierPlace], advice: advice),
      arguments: ["--fd=\(DeviceHelper.socketDescriptor)", "-o", "source=\(setting.path)"]
        + (setting.isReadOnly ? ["--readonly"] : []),
      socket: socket, readyFile: nil, death: .endOwner)
  }

  private var socket: String { paths.helper(id.text) + "/socket" }
  private var channel: String { id.text + "-channel" }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    [.chardev(OptionText("socket").with("id", channel).with("path", socket))]
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    let driver = context.type.family == .microvm ? "vhost-user-fs-device" : "vhost-user-fs-pci"
    var device = context.device(driver, of: self)
    device["chardev"] = .string(channel)
    device["tag"] = .string(setting.tag)
    return [.device(device)]
  }
}

extension DeviceKind {
  static let shares = DeviceKind(keys: [
    SettingKey(
      "shares", \.shares, reading: ShareSetting.list,
      anchoring: { shares, folder in shares.map { $0.anchored(in: folder) } })
  ]) { resolver in
    let settings = resolver.settings.shares ?? []
    guard !settings.isEmpty else { return [] }
    if resolver.type.family == .isapc {
      resolver.reportPCIMissing("shares", "a shared folder", "leave 'shares' out")
    }
    if resolver.type.options["memory-backend"] != nil {
      resolver.report("shares", "they need memory that is made for them, and 'machine' names another")
    }
    let paths = resolver.paths
    return settings.enumerated().map { index, setting in
      Share(setting: setting, key: "shares[\(index)]", paths: paths)
    }
  }
}

extension Settings {
  package var shares: [ShareSetting]? {
    get { devices["shares"] }
    set { devices["shares"] = newValue }
  }
}

/// One of the key `shares`.
package struct ShareSetting: Sendable, Equatable {
  package let path: String

  /// By which the guest mounts it.
  package let tag: String
  package let isReadOnly: Bool

  func anchored(in directory: String) -> ShareSetting {
    ShareSetting(path: path.anchored(in: directory), tag: tag, isReadOnly: isReadOnly)
  }
}

extension ShareSetting: DefinitionValue {
  /// What a virtio device takes is 36 bytes.
  private static let longestTag = 30

  static func read(_ node: DefinitionNode) -> ShareSetting? {
    guard var reader = ObjectReader(node, expected: "an object with path and tag") else { return nil }
    let path = reader.read("path") { (node: DefinitionNode) -> String? in
      guard let path = node.fileName(expected: "the folder") else { return nil }
      // virtiofsd takes an option's text to end at a comma.
      return path.contains(",") ? node.wrong("virtiofsd takes no path with a comma") : path
    }
    let tag = reader.read("tag", tag)
    let isReadOnly: Bool? = reader.read("readOnly")
    if !reader.has("path") { reader.missing("path", "the folder") }
    if !reader.has("tag") { reader.missing("tag", "the name by which the guest mounts it") }
    reader.finish()
    guard let path, let tag else { return nil }
    return ShareSetting(path: path, tag: tag, isReadOnly: isReadOnly ?? false)
  }

  private static func tag(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a name") else { return nil }
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isPlain, text.utf8.count <= longestTag else {
      return node.wrong(
        "'\(text.clipped)' is not a name of at most \(longestTag) letters, digits, '-' and '_'")
    }
    return text
  }

  /// Reads the list, in which each tag stands once.
  static func list(_ node: DefinitionNode) -> [ShareSetting]? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of shared folders") }
    var shares: [ShareSetting] = []
    for element in elements {
      guard let share = read(element) else { continue }
      if shares.contains(where: { $0.tag == share.tag }) {
        element.report("the tag '\(share.tag)' is another's already")
      } else {
        shares.append(share)
      }
    }
    return shares
  }

  var json: JSONValue {
    var object: JSONObject = ["path": .string(path), "tag": .string(tag)]
    if isReadOnly { object["readOnly"] = true }
    return .object(object)
  }
}
