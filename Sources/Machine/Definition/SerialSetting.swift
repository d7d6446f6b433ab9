internal import JSON

/// The key `serial`: whether the guest has a serial port, or how many; the first is its console.
package struct SerialSetting: Sendable, Equatable {
  package var count: Int

  package init(_ count: Int) { self.count = count }

  /// A PC has four.
  static let most = 4
}

extension SerialSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> SerialSetting? {
    if let isThere = node.value.bool { return SerialSetting(isThere ? 1 : 0) }
    guard let count = node.value.int else {
      return node.wrongType(expected: "true, false or a number of serial ports")
    }
    guard (0...most).contains(count) else {
      return node.wrong("the number of serial ports must be from 0 to \(most), not \(count)")
    }
    return SerialSetting(count)
  }

  var json: JSONValue { count < 2 ? .bool(count == 1) : JSONValue(count) }
}
