internal import JSON

/// A port of the host that leads to a port of the guest through the network `user`.
///
/// Written `[ADDRESS:]HOSTPORT:[GUESTADDRESS:]GUESTPORT[/tcp|/udp]`: `8080:80`, `0.0.0.0:53:53/udp`. Without an address
/// only the host itself reaches it. The host's port 0 stands for a free one, which is chosen once.
package struct PortForward: Sendable, Hashable {
  package enum Transport: String, Sendable, CaseIterable {
    case tcp
    case udp
  }

  package let transport: Transport
  /// An IPv4 address of the host in its usual form.
  package let hostAddress: String
  package let hostPort: Int
  /// Nil for the address that the guest is given.
  package let guestAddress: String?
  package let guestPort: Int

  /// Whether both want the same port of the host.
  package func collides(with other: PortForward) -> Bool {
    if hostPort == 0 { return self == other }
    return transport == other.transport && hostPort == other.hostPort
      && (hostAddress == other.hostAddress || hostAddress == Self.everywhere
        || other.hostAddress == Self.everywhere)
  }

  /// The address by which the host itself reaches it: from everywhere means from here as well.
  package var nearAddress: String { hostAddress == Self.everywhere ? Self.loopback : hostAddress }

  /// A free port of the host that only the host itself reaches.
  package init(free guestPort: Int) {
    (transport, hostAddress, hostPort, guestAddress) = (.tcp, Self.loopback, 0, nil)
    self.guestPort = guestPort
  }

  /// The same with the port of the host that was chosen.
  package func on(hostPort: Int) -> PortForward {
    PortForward(self, hostPort: hostPort)
  }

  private init(_ other: PortForward, hostPort: Int) {
    (transport, hostAddress) = (other.transport, other.hostAddress)
    self.hostPort = hostPort
    (guestAddress, guestPort) = (other.guestAddress, other.guestPort)
  }

  private static let everywhere = "0.0.0.0"
  private static let loopback = "127.0.0.1"
}

extension PortForward: CustomStringConvertible {
  package var description: String {
    "\(hostAddress):\(hostPort):\(guestAddress.map { $0 + ":" } ?? "")\(guestPort)"
      + (transport == .tcp ? "" : "/\(transport.rawValue)")
  }
}

extension PortForward {
  /// Why a text is no port forward.
  package enum ParseError: Error, Sendable, Equatable {
    case badForm
    case unknownTransport(String)
    case badAddress(String)
    /// QEMU's user network takes IPv4 addresses of the host only.
    case ipv6
    case badPort(String)
  }

  package init(parsing text: String) throws(ParseError) {
    let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if halves.count == 2 {
      guard let transport = Transport(rawValue: String(halves[1])) else {
        throw .unknownTransport(String(halves[1]))
      }
      self.transport = transport
    } else {
      transport = .tcp
    }
    guard let rest = halves.first, !rest.hasPrefix("[") else { throw .ipv6 }
    var fields = rest.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...4).contains(fields.count) else { throw .badForm }
    // A port has no dot in it.
    let hasGuestAddress = fields.count == 4 || fields.count == 3 && fields[1].contains(".")
    let guest = hasGuestAddress ? fields.remove(at: fields.count - 2) : nil
    hostAddress = fields.count == 3 ? try Self.address(fields.removeFirst()) : Self.loopback
    hostPort = fields[0] == "0" ? 0 : try Self.port(fields[0])
    guestAddress = if let guest { try Self.address(guest) } else { nil }
    guestPort = try Self.port(fields[1])
  }

  private static func address(_ text: Substring) throws(ParseError) -> String {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map(decimal)
    guard numbers.count == 4, numbers.allSatisfy({ $0.map { $0 < 256 } ?? false }) else {
      throw .badAddress(String(text))
    }
    return String(text)
  }

  private static func port(_ text: Substring) throws(ParseError) -> Int {
    guard let port = decimal(text), (1...65_535).contains(port) else { throw .badPort(String(text)) }
    return port
  }

  /// A number as people write it: digits only, no zeros in front (which other programs read as octal).
  private static func decimal(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return text.hasPrefix("0") && text.count > 1 ? nil : Int(text)
  }
}

extension PortForward.ParseError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .badForm:
      "is not a port forward; write '[ADDRESS:]HOSTPORT:[GUESTADDRESS:]GUESTPORT[/udp]', such as '127.0.0.1:8080:80'"
    case .unknownTransport(let name): "has the unknown transport '\(name)'; use tcp or udp"
    case .badAddress(let text): "has the address '\(text)', which is not an IPv4 address"
    case .ipv6: "has an IPv6 address; QEMU's user network forwards from IPv4 addresses only"
    case .badPort(let text): "has the port '\(text)'; a port is a number from 1 to 65535"
    }
  }
}

extension PortForward: DefinitionValue {
  static func read(_ node: DefinitionNode) -> PortForward? {
    guard let text = node.text(expected: "a port forward such as '8080:80'") else { return nil }
    do throws(ParseError) {
      return try PortForward(parsing: text)
    } catch {
      return node.wrong("'\(text.clipped)' \(error)")
    }
  }

  var json: JSONValue { .string(description) }

  /// Reads the key `ports`, whose forwards want different ports of the host.
  static func list(_ node: DefinitionNode) -> [PortForward]? {
    guard let elements = node.elements else { return node.wrongType(expected: "a list of port forwards") }
    var ports: [PortForward] = []
    for element in elements {
      guard let port = PortForward.read(element) else { continue }
      if let other = ports.first(where: port.collides(with:)) {
        element.report("'\(port)' wants the same port of the host as '\(other)'")
      } else {
        ports.append(port)
      }
    }
    return ports
  }
}
