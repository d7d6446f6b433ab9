internal import JSON

/// A sound card; what it plays goes to whoever looks at the guest's screen, by VNC, and nowhere else.
///
/// Key: `sound`. QEMU's documentation: `-audiodev none`, and `audiodev=` of `-vnc`.
struct Sound: Device {
  let card: SoundSetting

  /// The card and what stands behind it.
  static let id = DeviceID("sound0")
  var id: DeviceID { Self.id }
  var key: String { "sound" }
  var label: String { "sound card" }
  var properties: JSONObject { ["sound": .string(card.rawValue)] }
  var shown: [(key: String, value: String)] { [(key, card.rawValue)] }

  func attachment(on type: MachineType) -> Attachment { type.placeOnPCI(PCISlot.disks) }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    [.audiodev(["driver": "none", "id": .string(id.text)])]
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    if card == .ac97 {
      var device = context.device("AC97", of: self)
      device["audiodev"] = .string(id.text)
      return [.device(device)]
    }
    return [
      .device(context.device("intel-hda", of: self)),
      // What the card's bus has: a line out and a line in.
      .device(["driver": "hda-duplex", "bus": .string("\(id).0"), "audiodev": .string(id.text)]),
    ]
  }
}

/// The key `sound` as written.
package enum SoundSetting: String, Sendable, CaseIterable {
  case none
  /// Intel's High Definition Audio, which every system of these years knows.
  case hda
  /// The one before, for older systems.
  case ac97
}

extension SoundSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> SoundSetting? { node.word("sound card") }
  var json: JSONValue { .string(rawValue) }
}

extension DeviceKind {
  static let sound = DeviceKind(keys: [SettingKey("sound", \.sound)]) { resolver in
    guard let card = resolver.settings.sound, card != .none else { return [] }
    if !resolver.type.family.hasPCI {
      resolver.reportPCIMissing("sound", "a sound card", "leave 'sound' out")
    }
    return [Sound(card: card)]
  }
}

extension Settings {
  package var sound: SoundSetting? {
    get { devices["sound"] }
    set { devices["sound"] = newValue }
  }
}
