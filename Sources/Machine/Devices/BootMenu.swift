internal import JSON

/// The firmware's question what to boot from; it waits a few seconds for an answer.
///
/// Key: `bootMenu`. It is no hardware: QEMU tells the firmware by `-boot menu=on`.
struct BootMenu: Device {
  var id: DeviceID { DeviceID("boot-menu") }
  var key: String { "bootMenu" }
  var label: String { "boot menu" }
  let properties: JSONObject = ["bootMenu": true]
  var shown: [(key: String, value: String)] { [(key, "yes")] }

  func frontends(in context: DeviceContext) -> [DeviceArgument] { [.option("-boot", verbatim: "menu=on")] }
}

extension DeviceKind {
  static let bootMenu = DeviceKind(keys: [SettingKey("bootMenu", \.bootMenu)]) { resolver in
    resolver.settings.bootMenu == true ? [BootMenu()] : []
  }
}

extension Settings {
  package var bootMenu: Bool? {
    get { devices["bootMenu"] }
    set { devices["bootMenu"] = newValue }
  }
}
