internal import JSON

/// A port by which the guest's kernel tells QEMU that it panicked.
///
/// Key: `hardware.pvpanic`; PCs only.
struct PanicDevice: Device {
  var id: DeviceID { DeviceID("pvpanic") }
  var key: String { "hardware.pvpanic" }
  var label: String { "pvpanic" }
  let properties: JSONObject = ["pvpanic": true]

  func frontends(in context: DeviceContext) -> [DeviceArgument] { [.device(["driver": "pvpanic"])] }
}

extension DeviceKind {
  static let panicDevice = DeviceKind { resolver in
    let isWanted = resolver.settings.hardware?.pvpanic ?? false
    return isWanted && resolver.type.family.isPC ? [PanicDevice()] : []
  }
}
