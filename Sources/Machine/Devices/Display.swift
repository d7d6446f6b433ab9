internal import JSON

/// A screen of the guest's: a graphics card, and QEMU's VNC server on a UNIX socket that only its user reaches.
///
/// Key: `display`.
struct Display: Device {
  /// Where the server listens; what lies there from a QEMU before would keep it from that without a word.
  let socket: String

  /// Whether a sound card is heard there as well.
  let hasSound: Bool

  var id: DeviceID { DeviceID("display0") }
  var key: String { "display" }
  var properties: JSONObject { ["display": .string(DisplaySetting.vnc.rawValue)] }
  var shown: [(key: String, value: String)] { [(key, "VNC at \(socket)")] }
  var filesToPrepare: [FileToPrepare] { [.absent(socket)] }

  func attachment(on type: MachineType) -> Attachment { type.placeOnPCI(PCISlot.disks) }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    let server = OptionText("unix:\(socket)")
    return [.option("-vnc", verbatim: (hasSound ? server.with("audiodev", Sound.id.text) : server).text)]
  }

  /// One of PCI Express, where there is that; both show what a PC of old shows before a driver knows more.
  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [.device(context.device(context.type.family == .q35 ? "virtio-vga" : "VGA", of: self))]
  }
}

/// The key `display` as written.
package enum DisplaySetting: String, Sendable, CaseIterable {
  case none
  case vnc
}

extension DisplaySetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> DisplaySetting? { node.word("display") }
  var json: JSONValue { .string(rawValue) }
}

extension DeviceKind {
  static let display = DeviceKind(keys: [SettingKey("display", \.display)]) { resolver in
    guard resolver.settings.display == .vnc else { return [] }
    if !resolver.type.family.hasPCI {
      resolver.reportPCIMissing("display", "a graphics card", "leave 'display' out")
    }
    let hasSound = resolver.settings.sound.map { $0 != .none } ?? false
    return [Display(socket: resolver.paths.vncSocket, hasSound: hasSound)]
  }
}

extension Settings {
  package var display: DisplaySetting? {
    get { devices["display"] }
    set { devices["display"] = newValue }
  }
}
