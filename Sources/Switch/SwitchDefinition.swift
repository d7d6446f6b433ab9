internal import JSON
package import Network

/// What `qemuvm switch run` is told: a network, and where its sockets are.
///
///     { "name": "shop/backend", "subnet": "10.9.0.0/24", "address": "10.9.0.1", "domain": "backend.shop",
///       "control": "PATH", "ports": [
///         { "name": "db", "mac": "52:54:00:00:00:02", "address": "10.9.0.2", "switch": "PATH", "card": "PATH" } ] }
///
/// Further keys, with what they are when they are left out: `mtu` (1500), `dhcp` (true), `dns` (false: names from
/// elsewhere are none), `nameServer` (who is asked for those: the host's resolver), `broadcastsPerSecond` (1000, of each
/// port), `queueBytes` (262144, of each port); of a port `secure` (true; an open port needs no `address`).
package struct SwitchDefinition: Sendable, Equatable {
  /// The two ends of a card: QEMU's `remote` and its `local`.
  package struct Ends: Sendable, Equatable {
    /// The path that the switch binds.
    package let switchPath: String

    /// The path that QEMU binds.
    package let cardPath: String
  }

  /// Why something is no definition, for a person.
  package struct Invalid: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  package let network: NetworkDefinition
  package let ends: [Ends]

  /// Who is asked for names from elsewhere; nil for the host's resolver.
  package let nameServer: String?

  /// Where it tells its counters; nil for nowhere.
  package let control: String?

  /// What may wait for a guest that does not take its frames.
  package let queueBytes: Int

  package init(_ bytes: [UInt8]) throws(Invalid) {
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: bytes, valueLimit: 100_000)
    } catch {
      throw Invalid(description: "\(error)")
    }
    try self.init(json: json)
  }
}

// MARK: Reading

extension SwitchDefinition {
  private static let keys = [
    "name", "subnet", "address", "domain", "control", "mtu", "dhcp", "dns", "nameServer",
    "broadcastsPerSecond",
    "queueBytes",
    "ports",
  ]
  private static let portKeys = ["name", "mac", "address", "secure", "switch", "card"]
  private static let queueSizes = 65_600...(64 << 20)

  private init(json: JSONValue) throws(Invalid) {
    do throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      try Self.check(members, Self.keys)
      var network = NetworkDefinition(
        name: try members.required("name"), subnet: try Self.subnet(try members.required("subnet")),
        address: try Self.address(try members.required("address"), "address"),
        domain: try members.required("domain"), mtu: try members.optional("mtu"), ports: [])
      network.answersDHCP = try members.optional("dhcp") ?? true
      network.forwardsDNS = try members.optional("dns") ?? false
      network.broadcastsPerSecond = try members.optional("broadcastsPerSecond") ?? network.broadcastsPerSecond
      var ends: [Ends] = []
      for (index, port) in try members.required("ports", as: [JSONObject].self).enumerated() {
        do throws(JSONTypeError) {
          try Self.check(port, Self.portKeys)
          network.ports.append(try Self.port(port))
          ends.append(Ends(switchPath: try port.required("switch"), cardPath: try port.required("card")))
        } catch {
          throw error.inside("[\(index)]").inside("ports")
        }
      }
      self.network = network
      self.ends = ends
      let server: String? = try members.optional("nameServer")
      nameServer = if let server { try Self.address(server, "nameServer").description } else { nil }
      control = try members.optional("control")
      queueBytes = try members.optional("queueBytes") ?? 262_144
    } catch {
      throw Invalid(description: "\(error)")
    }
    guard Self.queueSizes.contains(queueBytes) else {
      throw Invalid(
        description:
          "queueBytes: \(queueBytes) is not between \(Self.queueSizes.lowerBound) and \(Self.queueSizes.upperBound)"
      )
    }
    do throws(NetworkDefinition.Problem) {
      try network.check()
    } catch {
      throw Invalid(description: "\(error)")
    }
    var paths: Set<String> = []
    for path in ends.flatMap({ [$0.switchPath, $0.cardPath] }) + [control].compactMap({ $0 }) {
      guard paths.insert(path).inserted else { throw Invalid(description: "\(path) is named twice") }
    }
  }

  private static func port(_ members: JSONObject) throws(JSONTypeError) -> NetworkDefinition.Port {
    let mac: String = try members.required("mac")
    guard let card = MACAddress(mac) else {
      throw JSONTypeError(path: ["mac"], expected: "a MAC such as \"52:54:00:12:34:56\"", found: .string(mac))
    }
    let text: String? = try members.optional("address")
    let address: IPv4Address? = if let text { try address(text, "address") } else { nil }
    return NetworkDefinition.Port(
      name: try members.required("name"), mac: card, address: address,
      isSecure: try members.optional("secure") ?? true)
  }

  private static func subnet(_ text: String) throws(JSONTypeError) -> IPv4Subnet {
    guard let subnet = IPv4Subnet(text) else {
      throw JSONTypeError(
        path: ["subnet"], expected: "a subnet such as \"10.9.0.0/24\"", found: .string(text))
    }
    return subnet
  }

  private static func address(_ text: String, _ key: String) throws(JSONTypeError) -> IPv4Address {
    guard let address = IPv4Address(text) else {
      throw JSONTypeError(path: [key], expected: "an address such as \"10.9.0.1\"", found: .string(text))
    }
    return address
  }

  private static func check(_ members: JSONObject, _ known: [String]) throws(JSONTypeError) {
    for (key, value) in members where !known.contains(key) {
      throw JSONTypeError(path: [key], expected: "no such key", found: value)
    }
  }
}
