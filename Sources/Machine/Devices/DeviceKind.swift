internal import JSON

/// A kind of device: its keys in a definition, and the devices that a definition asks for.
///
/// To add one, write its file in this folder and a line in `all`.
struct DeviceKind: Sendable {
  let keys: [SettingKey]

  /// Decides every value, and reports what stands against it.
  let devices: @Sendable (inout MachineResolver) -> [any Device]

  init(
    keys: [SettingKey] = [], devices: @escaping @Sendable (inout MachineResolver) -> [any Device]
  ) {
    self.keys = keys
    self.devices = devices
  }

  /// In the order in which QEMU is told of them.
  static let all: [DeviceKind] = [
    .topology, .memory, .cpuPinning, .iothreads,
    .firmware, .kernel, .serialPorts, .rootPorts, .disks, .networkCards, .rng, .panicDevice, .watchdog, .usb,
    .firstBoot, .ssh, .sound, .display, .balloon, .vsock, .pciPassthrough, .firmwareConfig, .bootMenu,
    .tpm, .shares,
  ]
}

/// The values of the keys that belong to kinds of devices, by key; each kind's file has the property that reads it.
struct DeviceSettings: Sendable, Equatable {
  private var values: [String: any DefinitionValue] = [:]

  subscript<Value: DefinitionValue>(key: String, as type: Value.Type = Value.self) -> Value? {
    get { values[key] as? Value }
    set { values[key] = newValue }
  }

  static func == (left: DeviceSettings, right: DeviceSettings) -> Bool {
    left.values.count == right.values.count
      && left.values.allSatisfy { key, value in right.values[key].map(value.isEqual) ?? false }
  }
}

extension DefinitionValue {
  fileprivate func isEqual(_ other: any DefinitionValue) -> Bool { (other as? Self) == self }
}
