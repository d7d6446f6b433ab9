internal import JSON

/// One key of a definition: its name, and how its value is read, written and merged.
///
/// To add a key, add a property to `Settings` and a line to `machineKeys` or `lifeKeys`; a device's stand in its file.
struct SettingKey: Sendable {
  /// What settings belong to.
  enum Kind {
    case virtualMachine
    case profile
    /// A definition with its profiles merged in, as it is kept: any key.
    case flat
  }

  let name: String
  /// Whether a change takes effect in a guest that runs: what is told of its life, and not of its machine.
  let isLive: Bool
  /// The only kind that may have the key; nil when both may.
  private let onlyIn: Kind?
  let read: @Sendable (inout ObjectReader, inout Settings) -> Void
  let write: @Sendable (Settings) -> JSONValue?
  /// Puts a value of the first settings over that of the second.
  let merge: @Sendable (Settings, inout Settings) -> Void
  /// Makes the paths in a value absolute, as seen from a folder.
  let anchor: @Sendable (inout Settings, String) -> Void

  init<Value: DefinitionValue>(
    _ name: String, _ property: any WritableKeyPath<Settings, Value?> & Sendable, onlyIn: Kind? = nil,
    isLive: Bool = false,
    reading readValue: @escaping @Sendable (DefinitionNode) -> Value? = Value.read,
    anchoring anchored: (@Sendable (Value, String) -> Value)? = nil
  ) {
    self.name = name
    self.onlyIn = onlyIn
    self.isLive = isLive
    read = { reader, settings in settings[keyPath: property] = reader.read(name, readValue) }
    write = { settings in settings[keyPath: property]?.json }
    merge = { settings, below in
      guard let value = settings[keyPath: property] else { return }
      below[keyPath: property] = below[keyPath: property].map(value.merged(over:)) ?? value
    }
    anchor = { settings, directory in
      guard let anchored, let value = settings[keyPath: property] else { return }
      settings[keyPath: property] = anchored(value, directory)
    }
  }

  /// Why a kind of settings cannot have this key; nil when it can.
  func refusal(in kind: Kind) -> String? {
    switch (onlyIn, kind) {
    case (.profile, .virtualMachine): "'\(name)' belongs in a profile"
    case (.virtualMachine, .profile):
      name == "profile"
        ? "a profile names the one below it with 'extends'" : "'\(name)' is one VM's own and not a profile's"
    default: nil
    }
  }

  static let all: [SettingKey] = machineKeys + DeviceKind.all.flatMap(\.keys) + lifeKeys

  private static let machineKeys: [SettingKey] = [
    SettingKey("profile", \.profile, onlyIn: .virtualMachine) { $0.name() },
    SettingKey(
      "qemu", \.qemu, reading: { $0.fileName(expected: "QEMU's binary") },
      // A bare name is looked for in PATH by whoever starts it.
      anchoring: { $0.contains("/") ? $0.anchored(in: $1) : $0 }),
    SettingKey("machine", \.machine),
    SettingKey("accelerator", \.accelerator),
    SettingKey("cpu", \.cpu, reading: cpuModel),
    SettingKey("cpus", \.cpus) { $0.integer(in: 1...4_096, "number of CPUs") },
    SettingKey("memory", \.memory, reading: memorySize),
    SettingKey("memoryPerCPU", \.memoryPerCPU, reading: memorySize),
    SettingKey("rtc", \.rtc),
    SettingKey("uuid", \.uuid, onlyIn: .virtualMachine),
    SettingKey("smbios", \.smbios),
  ]

  /// How a VM is kept, and what only profiles have.
  private static let lifeKeys: [SettingKey] = [
    SettingKey("panic", \.panic, isLive: true),
    SettingKey("health", \.health, isLive: true),
    SettingKey("onHang", \.onHang, isLive: true),
    SettingKey("dependsOn", \.dependsOn, onlyIn: .virtualMachine, isLive: true),
    SettingKey("restart", \.restart, isLive: true),
    SettingKey("stopTimeout", \.stopTimeout, isLive: true),
    SettingKey("logs", \.logs, isLive: true),
    SettingKey("arguments", \.arguments),
    SettingKey("hardware", \.hardware, onlyIn: .profile),
  ]
}

extension AcceleratorSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> AcceleratorSetting? { node.word("accelerator") }
  var json: JSONValue { .string(rawValue) }
}

/// QEMU reads `-cpu` as a model and features with commas between, and has no way to escape one: so nothing
/// else passes.
private func cpuModel(_ node: DefinitionNode) -> String? {
  guard let text = node.nonEmptyText(expected: "a CPU model") else { return nil }
  let isModel = text.utf8.allSatisfy { byte in
    Character(Unicode.Scalar(byte)).isASCIILetterOrDigit || "-_.,+=:".utf8.contains(byte)
  }
  guard isModel, let first = text.first, first.isASCIILetterOrDigit else {
    return node.wrong("'\(text.clipped)' is not a CPU model; 'qemu-system-x86_64 -cpu help' lists them")
  }
  return text
}

/// QEMU would take less than one MiB and round it; more than the largest host has is a slip of the unit.
private func memorySize(_ node: DefinitionNode) -> ByteCount? {
  guard let size = ByteCount.read(node) else { return nil }
  guard (.mebibytes(1) ... .gibibytes(16_384)).contains(size) else {
    return node.wrong("the memory must be from 1M to 16T, not \(size)")
  }
  guard size.bytes % (1 << 20) == 0 else { return node.wrong("\(size) is not a whole number of MiB") }
  return size
}
