internal import JSON

/// The key `machine` as written: QEMU's machine type, and options of it.
///
/// A type's name alone replaces what the profile says whole; an object is merged with it member by member.
package struct MachineSetting: Sendable, Equatable {
  package var type: String?
  /// QEMU's machine options, with `on` and `off` for true and false.
  package var options: [String: String] = [:]
  /// Whether it was written as a name.
  package var isWhole = false

  package init() {}

  package init(_ type: String) {
    self.type = type
    isWhole = true
  }
}

extension MachineSetting: DefinitionValue {
  /// Options of `-machine` that other keys decide, whole or by a member (`smp.cpus`).
  private static let keyOfOption = [
    "accel": "accelerator", "firmware": "firmware", "pflash0": "firmware", "pflash1": "firmware",
    "kernel": "kernel", "initrd": "initrd", "append": "append", "memory": "memory", "smp": "cpus",
  ]

  static func read(_ node: DefinitionNode) -> MachineSetting? {
    if node.value.string != nil { return typeName(node).map(MachineSetting.init) }
    guard var reader = ObjectReader(node, expected: "a machine type or an object") else { return nil }
    var setting = MachineSetting()
    setting.type = reader.read("type", typeName)
    for member in reader.others {
      guard member.key.utf8.allSatisfy({ $0.isOptionNameByte }), !member.key.isEmpty else {
        member.value.report("'\(member.key.clipped)' is not a valid name of a machine option")
        continue
      }
      if let key = keyOfOption[String(member.key.prefix { $0 != "." })] {
        member.value.report("write this with the key '\(key)'")
        continue
      }
      setting.options[member.key] = optionValue(member.value)
    }
    return setting
  }

  private static func typeName(_ node: DefinitionNode) -> String? {
    node.nonEmptyText(expected: "a machine type")
  }

  private static func optionValue(_ node: DefinitionNode) -> String? {
    switch node.value {
    case .bool(let isOn): isOn ? "on" : "off"
    case .integer(let number): String(number)
    case .string: node.text()
    default: node.wrongType(expected: "a string, a whole number, true or false")
    }
  }

  var json: JSONValue {
    if isWhole, let type { return .string(type) }
    var object = JSONObject()
    object["type"] = type?.json
    for (name, value) in options.sorted(by: { $0.key < $1.key }) { object[name] = value.json }
    return .object(object)
  }

  func merged(over base: MachineSetting) -> MachineSetting {
    guard !isWhole else { return self }
    var merged = base
    merged.isWhole = base.isWhole && options.isEmpty
    merged.type = type ?? base.type
    merged.options.merge(options) { _, ours in ours }
    return merged
  }
}

extension UInt8 {
  /// Whether names of QEMU's options and properties have this byte.
  fileprivate var isOptionNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
