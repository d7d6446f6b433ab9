internal import JSON

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
