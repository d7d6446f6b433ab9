internal import JSON

/// A serial port; the first is the guest's console.
///
/// QEMU itself writes its log, whether or not anyone is connected.
struct SerialPort: Device {
  /// From 1.
  let number: Int

  /// The socket that QEMU is handed, and the log.
  let place: MachinePaths.SerialPort

  var id: DeviceID { DeviceID("con\(number - 1)") }
  var key: String { "serial" }
  var label: String { "serial port \(number)" }
  let properties: JSONObject = [:]

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    let socket = OptionText("socket").with("id", id.text).with("fd", "\(place.descriptor)").listening
    return [.chardev(socket.with("logfile", place.log).with("logappend", "on"))]
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [.option("-serial", verbatim: "chardev:\(id)")]
  }
}

extension DeviceKind {
  static let serialPorts = DeviceKind(keys: [SettingKey("serial", \.serial)]) { resolver in
    let (type, count) = (resolver.type, resolver.settings.serial?.count ?? 1)
    let most = type.family.isPC || type.family == .isapc ? SerialSetting.most : 1
    if count > most {
      resolver.report(
        "serial", "'\(type.name)' has \(most == 1 ? "one serial port" : "\(most) serial ports"), not \(count)"
      )
    }
    return resolver.paths.serialPorts.prefix(count).enumerated().map {
      SerialPort(number: $0.offset + 1, place: $0.element)
    }
  }
}

extension Settings {
  package var serial: SerialSetting? {
    get { devices["serial"] }
    set { devices["serial"] = newValue }
  }
}

/// The key `serial`: whether the guest has a serial port, or how many; the first is its console.
package struct SerialSetting: Sendable, Equatable {
  package var count: Int

  package init(_ count: Int) { self.count = count }

  /// A PC has four.
  static let most = 4
}

extension SerialSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> SerialSetting? {
    if let isThere = node.bool { return SerialSetting(isThere ? 1 : 0) }
    guard let count = node.int else {
      return node.wrongType(expected: "true, false or a number of serial ports")
    }
    guard (0...most).contains(count) else {
      return node.wrong("the number of serial ports must be from 0 to \(most), not \(count)")
    }
    return SerialSetting(count)
  }

  var json: JSONValue { count < 2 ? .bool(count == 1) : JSONValue(count) }
}
