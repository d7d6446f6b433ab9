internal import JSON

/// Memory that the guest gives back to the host: what it does not use by itself, and more when QEMU's monitor asks.
///
/// Key: `balloon`. QEMU's documentation: virtio-balloon, `free-page-reporting` and `deflate-on-oom`.
struct Balloon: Device {
  var id: DeviceID { DeviceID("balloon0") }
  var key: String { "balloon" }
  let properties: JSONObject = ["balloon": true]
  var shown: [(key: String, value: String)] { [(key, "yes")] }

  func attachment(on type: MachineType) -> Attachment { type.placeOfVirtio(PCISlot.disks) }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = context.virtio("balloon", of: self)
    device["free-page-reporting"] = true
    // A guest that runs out of memory takes its own back before it ends a program.
    device["deflate-on-oom"] = true
    return [.device(device)]
  }
}

extension DeviceKind {
  static let balloon = DeviceKind(keys: [SettingKey("balloon", \.balloon)]) { resolver in
    guard resolver.settings.balloon == true else { return [] }
    if resolver.type.family == .isapc {
      resolver.reportPCIMissing("balloon", "a balloon", "leave 'balloon' out")
    }
    return [Balloon()]
  }
}

extension Settings {
  package var balloon: Bool? {
    get { devices["balloon"] }
    set { devices["balloon"] = newValue }
  }
}
