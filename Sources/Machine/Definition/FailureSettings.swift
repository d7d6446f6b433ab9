internal import JSON

/// The key `panic`: what follows when the guest's kernel says that it panicked.
package enum PanicSetting: String, Sendable, CaseIterable {
  /// What the restart policy says.
  case restart
  /// The guest stays as it is, paused, to be looked at.
  case pause
}

extension PanicSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> PanicSetting? { node.word("action") }
  var json: JSONValue { .string(rawValue) }
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
