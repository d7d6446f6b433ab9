internal import JSON
package import Network

/// The key `networks` as written: which cards the guest has, in their order, and the network of each.
///
/// A list, or for one network its name, or `none`.
package struct NetworksSetting: Sendable, Equatable {
  package enum Network: Sendable, Hashable {
    /// QEMU's own network: the guest reaches out, the host reaches in through `ports`.
    case user

    /// A private network of the VM's lab.
    case lab(String)

    package var name: String {
      switch self {
      case .user: "user"
      case .lab(let name): name
      }
    }
  }

  /// A network card: its network's name alone, `{ user: true, mac, model, restrict, subnet, hostname }`, or
  /// `{ network, address, mac, model, mtu, secure }`.
  package struct Card: Sendable, Equatable {
    package var network: Network
    /// Nil for one made of the VM's UUID.
    package var mac: MACAddress?
    package var model: CardModel?

    /// What it has on a network of the lab; nil for one that is chosen.
    package var address: IPv4Address?

    /// Whether it may speak there as itself alone: a router's may not be held to that.
    package var isSecure = true

    /// Whether a guest on the user network reaches nothing but what its ports let in.
    package var isRestricted = false

    /// The addresses of the user network, and what it calls the guest; nil for QEMU's own choice.
    package var subnet: IPv4Subnet?
    package var hostname: String?

    /// The largest packet on a network of the lab; nil for 1500 bytes.
    package var mtu: Int?

    package init(_ network: Network, mac: MACAddress? = nil, model: CardModel? = nil) {
      self.network = network
      self.mac = mac
      self.model = model
    }
  }

  package var cards: [Card]

  package init(_ cards: [Card]) { self.cards = cards }

  /// Whether a port of the host can lead to the guest.
  package var reachesHost: Bool { cards.contains { $0.network == .user } }
}

/// A network card as the guest sees it, by QEMU's name of the device; `virtio` as the machine attaches it.
package enum CardModel: String, Sendable, CaseIterable {
  case virtio
  case e1000
  case e1000e
  case rtl8139
  case vmxnet3
  case pcnet
  case ne2kPCI = "ne2k_pci"
  case ne2kISA = "ne2k_isa"
}

extension NetworksSetting: DefinitionValue {
  /// There is a place on the bus for so many.
  private static let mostCards = PCISlot.networkCards.count

  static func read(_ node: DefinitionNode) -> NetworksSetting? {
    if node.value.string == "none" { return NetworksSetting([]) }
    if node.value.string != nil { return Card.read(node).map { NetworksSetting([$0]) } }
    guard let elements = node.elements else {
      return node.wrongType(expected: "a list of networks, or 'none'")
    }
    if elements.count > mostCards {
      node.report("a guest has at most \(mostCards) network cards, not \(elements.count)")
    }
    var cards: [Card] = []
    for element in elements {
      guard let card = Card.read(element) else { continue }
      if let mac = card.mac, cards.contains(where: { $0.mac == mac }) {
        element.report("another card of this guest has the address \(mac)")
      } else if case .lab(let name) = card.network, cards.contains(where: { $0.network == card.network }) {
        element.report("another card of this guest is on '\(name)'; a VM has one card on a network")
      } else {
        cards.append(card)
      }
    }
    return NetworksSetting(cards)
  }

  var json: JSONValue { .array(cards.map(\.json)) }
}

extension NetworksSetting.Card {
  fileprivate static func read(_ node: DefinitionNode) -> NetworksSetting.Card? {
    if node.value.string != nil { return network(node).map { NetworksSetting.Card($0) } }
    guard var reader = ObjectReader(node, expected: "a network's name or an object") else { return nil }
    for key in ["bridge", "tap"] {
      reader.refuse(key, because: "a card on a \(key) is not there yet; write user: true")
    }
    reader.refuse("backend", because: "'backend' of a card is not there yet")
    let isOnUser: Bool? = reader.read("user")
    let network = reader.read("network", network)
    var card = NetworksSetting.Card(network ?? .user, mac: reader.read("mac"))
    card.model = reader.read("model") { $0.word("card model") }
    card.address = reader.read("address")
    card.isSecure = reader.read("secure") ?? true
    card.isRestricted = reader.read("restrict") ?? false
    card.subnet = reader.read("subnet", userSubnet)
    card.hostname = reader.read("hostname", hostname)
    card.mtu = reader.read("mtu") { $0.integer(in: NetworkDefinition.mtus, "largest packet") }
    if case .lab(let name)? = network {
      if reader.has("user") { reader.report("user", "a card is on one network: 'user' or '\(name)'") }
      if reader.has("restrict") {
        reader.report("restrict", "a network of the lab leads nowhere else; 'restrict' is for user: true")
      }
      if reader.has("subnet") {
        reader.report("subnet", "the subnet of '\(name)' is written with the lab's 'networks'")
      }
      if reader.has("hostname") {
        reader.report("hostname", "a network of the lab calls a guest by the VM's name")
      }
    } else {
      for key in ["address", "secure", "mtu"] where reader.has(key) {
        node.report("'\(key)' is for a card on a network of the lab: write network: NAME")
      }
      if isOnUser == false {
        reader.report("user", "without a network it is no card; name one with 'network', or leave it out")
      } else if !reader.has("user"), !reader.has("network"), reader.others.isEmpty {
        reader.missing("user", "the card's network, 'user: true' or 'network: NAME',")
      }
    }
    reader.finish()
    return reader.has("network") && network == nil ? nil : card
  }

  /// QEMU has addresses of its own at the 2nd, 3rd and 15th place.
  private static func userSubnet(_ node: DefinitionNode) -> IPv4Subnet? {
    guard let subnet = IPv4Subnet.read(node) else { return nil }
    guard subnet.prefixLength <= 27 else {
      return node.wrong("\(subnet) is too small for the network 'user'; it needs 32 addresses: /27 or less")
    }
    return subnet
  }

  private static func hostname(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a host name") else { return nil }
    return NetworkDefinition.canBeNamed(text)
      ? text : node.wrong("'\(text.clipped)' is no host name: at most 63 letters, digits and '-'")
  }

  private static func network(_ node: DefinitionNode) -> NetworksSetting.Network? {
    guard let text = node.text(expected: "a network's name") else { return nil }
    if text == "user" { return .user }
    if text == "none" { return node.wrong("'none' stands alone, and not in a list: write networks: 'none'") }
    do throws(NameError) {
      try NameError.check(text)
      return .lab(text)
    } catch {
      return node.wrong("'\(text.clipped)' is not a valid name: \(error)")
    }
  }

  var json: JSONValue {
    if self == NetworksSetting.Card(network) { return .string(network.name) }
    var object: JSONObject =
      switch network {
      case .user: ["user": true]
      case .lab(let name): ["network": .string(name)]
      }
    object["address"] = address?.json
    object["mac"] = mac?.json
    object["model"] = model.map { .string($0.rawValue) }
    if !isSecure { object["secure"] = false }
    if isRestricted { object["restrict"] = true }
    object["subnet"] = subnet?.json
    object["hostname"] = hostname?.json
    object["mtu"] = mtu?.json
    return .object(object)
  }
}
