internal import JSON

/// A timer that the guest must feed.
struct Watchdog: Device {
  let setting: WatchdogSetting

  var id: DeviceID { DeviceID("watchdog0") }
  var key: String { "watchdog" }

  var properties: JSONObject {
    ["device": .string(setting.device.rawValue), "action": .string(setting.action.rawValue)]
  }

  var shown: [(key: String, value: String)] {
    [(key, "\(setting.device.rawValue), \(setting.action.rawValue)")]
  }

  func attachment(on type: MachineType) -> Attachment {
    setting.device == .i6300esb && type.family.isPC ? .slot(PCISlot.watchdog) : .byQEMU
  }

  var watchdogAction: WatchdogSetting.Action? { setting.action }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [.device(context.device(setting.device.rawValue, of: self))]
  }
}

extension DeviceKind {
  static let watchdog = DeviceKind(keys: [SettingKey("watchdog", \.watchdog)]) { resolver in
    guard let setting = resolver.settings.watchdog else { return [] }
    let type = resolver.type
    if !(type.family.isPC || setting.device == .ib700 && type.family == .isapc) {
      let device = setting.device.rawValue
      resolver.report(
        "watchdog",
        "the device '\(device)' works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    }
    return [Watchdog(setting: setting)]
  }
}

extension Settings {
  package var watchdog: WatchdogSetting? {
    get { devices["watchdog"] }
    set { devices["watchdog"] = newValue }
  }
}

/// The key `watchdog` as written: a device that the guest must feed, and what happens when it does not.
///
/// Written as the action alone, or as `{ device, action }`.
package struct WatchdogSetting: Sendable, Equatable {
  /// The device's name in QEMU.
  package enum Device: String, Sendable, CaseIterable {
    /// PCI, as Intel's 6300ESB has it.
    case i6300esb
    /// ISA.
    case ib700
  }

  /// QEMU's word for what it does (`-action watchdog=`).
  package enum Action: String, Sendable, CaseIterable {
    case reset
    case poweroff
    case pause
  }

  package var device: Device
  package var action: Action
}

extension WatchdogSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> WatchdogSetting? {
    if node.value.string != nil {
      return node.word("watchdog action").map { WatchdogSetting(device: .i6300esb, action: $0) }
    }
    guard var reader = ObjectReader(node, expected: "a watchdog's action or an object") else { return nil }
    let device: Device? = reader.read("device") { $0.word("watchdog device") }
    let action: Action? = reader.read("action") { $0.word("watchdog action") }
    reader.finish()
    return WatchdogSetting(device: device ?? .i6300esb, action: action ?? .reset)
  }

  var json: JSONValue { ["device": .string(device.rawValue), "action": .string(action.rawValue)] }
}
