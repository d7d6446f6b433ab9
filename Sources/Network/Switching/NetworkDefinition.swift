/// A network as the switch is told of it: its addresses, its cards, and what is answered; every value is decided.
package struct NetworkDefinition: Sendable, Equatable {
  /// A card of a VM's.
  package struct Port: Sendable, Equatable {
    /// The VM's name: its host name, and its name in DNS.
    package var name: String
    package var mac: MACAddress

    /// What DHCP gives it and DNS names; nil for a card that has none of this network's.
    package var address: IPv4Address?

    /// Whether it may speak as its own MAC and address only; a router's or a bridge's may not be held to that.
    package var isSecure: Bool

    package init(name: String, mac: MACAddress, address: IPv4Address?, isSecure: Bool = true) {
      self.name = name
      self.mac = mac
      self.address = address
      self.isSecure = isSecure
    }
  }

  /// What the network is called in reports and logs.
  package var name: String
  package var subnet: IPv4Subnet

  /// The switch's own, at which it answers DHCP, DNS and pings.
  package var address: IPv4Address

  /// What stands behind a VM's name in DNS: `backend.shop`.
  package var domain: String

  /// The largest packet, told by DHCP; nil for the 1500 bytes of every card.
  package var mtu: Int?
  package var answersDHCP = true

  /// Whether names that are none of the lab's are asked of the host's resolver.
  package var forwardsDNS = false

  /// How many frames to all a second each port may send for long, and at once.
  package var broadcastsPerSecond = 1000
  package var ports: [Port]

  package init(
    name: String, subnet: IPv4Subnet, address: IPv4Address, domain: String, mtu: Int? = nil, ports: [Port]
  ) {
    self.name = name
    self.subnet = subnet
    self.address = address
    self.domain = domain
    self.mtu = mtu
    self.ports = ports
  }

  /// The switch's own card.
  ///
  /// Made of its address, so that it stays the same when the switch is started anew: guests remember it.
  package var mac: MACAddress { MACAddress(0x0271_0000_0000 | UInt64(address.value)) }
}

// MARK: Checking

extension NetworkDefinition {
  /// What makes it no network.
  package enum Problem: Error, Equatable {
    case switchAddressOutside(IPv4Address, IPv4Subnet)
    case addressOutside(port: String, IPv4Address, IPv4Subnet)
    case addressTwice(IPv4Address, String, String)
    case macTwice(MACAddress, String, String)
    case macOfSeveral(port: String, MACAddress)
    case nameTwice(String)
    case badName(String)
    case badDomain(String)
    case noAddress(port: String)
    case tooManyPorts(Int)
    case badMTU(Int)
    case badRate(Int)
  }

  package static let mostPorts = 1024
  private static let longestDomain = 128

  /// The largest packet that fits into QEMU's buffer for a frame, and the smallest that IPv4 promises.
  package static let mtus = 576...65_521

  package func check() throws(Problem) {
    guard ports.count <= Self.mostPorts else { throw .tooManyPorts(ports.count) }
    guard subnet.hasRoom(for: address) else { throw .switchAddressOutside(address, subnet) }
    guard domain.utf8.count <= Self.longestDomain,
      domain.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(Self.isLabel)
    else { throw .badDomain(domain) }
    if let mtu, !Self.mtus.contains(mtu) { throw .badMTU(mtu) }
    guard (1...1_000_000).contains(broadcastsPerSecond) else { throw .badRate(broadcastsPerSecond) }
    var names: Set<String> = []
    var cards = [mac: "the switch"]
    var owners = [address: "the switch"]
    for port in ports {
      guard Self.isLabel(port.name) else { throw .badName(port.name) }
      guard names.insert(port.name.lowercased()).inserted else { throw .nameTwice(port.name) }
      guard !port.mac.isGroup, port.mac.value != 0 else { throw .macOfSeveral(port: port.name, port.mac) }
      if let other = cards.updateValue(port.name, forKey: port.mac) {
        throw .macTwice(port.mac, other, port.name)
      }
      guard let address = port.address else {
        if port.isSecure { throw .noAddress(port: port.name) }
        continue
      }
      guard subnet.hasRoom(for: address) else { throw .addressOutside(port: port.name, address, subnet) }
      if let other = owners.updateValue(port.name, forKey: address) {
        throw .addressTwice(address, other, port.name)
      }
    }
  }

  /// Whether a VM of that name can be found by it.
  package static func canBeNamed(_ name: String) -> Bool { isLabel(name) }

  /// What may stand between two dots of a name; `_` and a digit in front are taken, as VMs may be called so.
  static func isLabel(_ text: some StringProtocol) -> Bool {
    guard (1...63).contains(text.utf8.count), !text.hasPrefix("-"), !text.hasSuffix("-") else {
      return false
    }
    return text.utf8.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
      default: false
      }
    }
  }
}

extension NetworkDefinition.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .switchAddressOutside(let address, let subnet):
      "the switch's address \(address) is not one of a card's in \(subnet)"
    case .addressOutside(let port, let address, let subnet):
      "\(port): the address \(address) is not one of a card's in \(subnet)"
    case .addressTwice(let address, let first, let second):
      "the address \(address) is given to \(first) and to \(second)"
    case .macTwice(let mac, let first, let second): "the MAC \(mac) is given to \(first) and to \(second)"
    case .macOfSeveral(let port, let mac): "\(port): \(mac) is not the MAC of one card"
    case .nameTwice(let name): "two ports are called \(name)"
    case .badName(let name): "'\(name)' cannot stand in DNS: at most 63 letters, digits, '-' and '_'"
    case .badDomain(let name): "'\(name)' is no domain"
    case .noAddress(let port): "\(port): a port that is held to its own address needs one"
    case .tooManyPorts(let count): "\(count) ports; \(NetworkDefinition.mostPorts) at most"
    case .badMTU(let mtu):
      "an MTU of \(mtu); \(NetworkDefinition.mtus.lowerBound) to \(NetworkDefinition.mtus.upperBound) can be had"
    case .badRate(let rate): "\(rate) broadcasts a second; 1 to 1000000 can be had"
    }
  }
}
