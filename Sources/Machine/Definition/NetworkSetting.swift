internal import JSON
package import Network

/// A private network of a lab as written: `{ subnet, address, dhcp, dns, mtu }`, each of which may be left out.
package struct NetworkSetting: Sendable, Equatable {
  /// Nil for one that is chosen, and kept.
  package var subnet: IPv4Subnet?

  /// The switch's own, at which it answers; nil for the subnet's first.
  package var address: IPv4Address?

  /// Whether guests get their addresses by DHCP.
  package var dhcp = true

  /// Whether names that are none of the lab's are asked of the host's resolver.
  package var dns = false

  /// The largest packet, told by DHCP.
  package var mtu: Int?

  package init() {}
}

extension NetworkSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> NetworkSetting? {
    guard var reader = ObjectReader(node, expected: "an object, such as {}") else { return nil }
    var setting = NetworkSetting()
    setting.subnet = reader.read("subnet")
    setting.address = reader.read("address")
    setting.dhcp = reader.read("dhcp") ?? true
    setting.dns = reader.read("dns") ?? false
    setting.mtu = reader.read("mtu") { $0.integer(in: NetworkDefinition.mtus, "largest packet") }
    reader.finish()
    if let address = setting.address {
      guard let subnet = setting.subnet else {
        reader.report("address", "an address of the switch's needs the network's 'subnet'")
        return setting
      }
      if !subnet.hasRoom(for: address) {
        reader.report("address", "\(address) is not one of a card's in \(subnet)")
      }
    }
    return setting
  }

  var json: JSONValue {
    var object: JSONObject = [:]
    object["subnet"] = subnet.map { .string("\($0)") }
    object["address"] = address.map { .string("\($0)") }
    if !dhcp { object["dhcp"] = false }
    if dns { object["dns"] = true }
    object["mtu"] = mtu.map { JSONValue($0) }
    return .object(object)
  }
}

extension IPv4Address: DefinitionValue {
  static func read(_ node: DefinitionNode) -> IPv4Address? {
    guard let text = node.nonEmptyText(expected: "an address such as '10.9.0.80'") else { return nil }
    return IPv4Address(text)
      ?? node.wrong("'\(text.clipped)' is not an address; write one such as '10.9.0.80'")
  }

  var json: JSONValue { .string("\(self)") }
}

extension IPv4Subnet: DefinitionValue {
  static func read(_ node: DefinitionNode) -> IPv4Subnet? {
    guard let text = node.nonEmptyText(expected: "a subnet such as '10.9.0.0/24'") else { return nil }
    return IPv4Subnet(text)
      ?? node.wrong(
        "'\(text.clipped)' is not a subnet; write its first address and its length, as '10.9.0.0/24'")
  }

  var json: JSONValue { .string("\(self)") }
}
