internal import JSON

/// A USB controller, where there are devices for it.
struct USBController: Device {
  var id: DeviceID { DeviceID("usb0") }
  var key: String { "usb" }
  var label: String { "USB controller" }
  let properties: JSONObject = [:]

  func attachment(on type: MachineType) -> Attachment {
    type.family.isPC ? .slot(PCISlot.usb) : .byQEMU
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [.device(context.device("qemu-xhci", of: self))]
  }
}

/// A device on the USB controller; there is one of each kind at most.
struct USBDevice: Device {
  let setting: USBDeviceSetting
  let key: String

  var id: DeviceID { DeviceID(setting.rawValue) }
  var label: String { "USB device '\(setting.rawValue)'" }
  var properties: JSONObject { ["driver": .string(setting.driver)] }

  /// The controller has four ports.
  func attachment(on type: MachineType) -> Attachment { .any(.usb, 1..<5) }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device: JSONObject = ["driver": .string(setting.driver), "id": .string(id.text), "bus": "usb0.0"]
    device["port"] = context.addresses[id].map { .string("\($0.number)") }
    return [.device(device)]
  }
}

extension DeviceKind {
  static let usb = DeviceKind(keys: [SettingKey("usb", \.usb, reading: USBDeviceSetting.list)]) { resolver in
    let settings = resolver.settings.usb ?? []
    guard !settings.isEmpty else { return [] }
    if !resolver.type.family.hasPCI {
      resolver.reportPCIMissing("usb", "a USB controller", "leave 'usb' out")
    }
    return [USBController()]
      + settings.enumerated().map { USBDevice(setting: $0.element, key: "usb[\($0.offset)]") }
  }
}

extension Settings {
  package var usb: [USBDeviceSetting]? {
    get { devices["usb"] }
    set { devices["usb"] = newValue }
  }
}

/// One of the key `usb`: a device on the guest's USB controller.
package enum USBDeviceSetting: String, Sendable, CaseIterable {
  /// A pointer that tells where it is, so that a remote screen need not catch it.
  case tablet
  case keyboard
  case mouse

  /// QEMU's name of it.
  package var driver: String {
    switch self {
    case .tablet: "usb-tablet"
    case .keyboard: "usb-kbd"
    case .mouse: "usb-mouse"
    }
  }
}

extension USBDeviceSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> USBDeviceSetting? { node.word("USB device") }
  var json: JSONValue { .string(rawValue) }

  /// Reads the list, in which each stands once.
  static func list(_ node: DefinitionNode) -> [USBDeviceSetting]? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of USB devices") }
    var devices: [USBDeviceSetting] = []
    for element in elements {
      guard let device = read(element) else { continue }
      if devices.contains(device) {
        element.report("'\(device.rawValue)' is listed already")
      } else {
        devices.append(device)
      }
    }
    return devices
  }
}
