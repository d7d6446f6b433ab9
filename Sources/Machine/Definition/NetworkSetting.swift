internal import JSON

/// The key `networks` as written: which cards the guest has, in their order, and the network of each.
///
/// A list, or for one network its name, or `none`.
package struct NetworksSetting: Sendable, Equatable {
  package enum Network: String, Sendable, CaseIterable {
    /// QEMU's own network: the guest reaches out, the host reaches in through `ports`.
    case user
  }

  /// A network card: its network's name alone, or `{ user: true, mac, model }`.
  package struct Card: Sendable, Equatable {
    package var network: Network
    /// Nil for one made of the VM's UUID.
    package var mac: MACAddress?
    package var model: CardModel?

    package init(_ network: Network, mac: MACAddress? = nil, model: CardModel? = nil) {
      self.network = network
      self.mac = mac
      self.model = model
    }
  }

  package var cards: [Card]

  package init(_ cards: [Card]) { self.cards = cards }
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
  private static let mostCards = PCISlot.networks.count

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
    reader.refuse("network", because: "networks between VMs are not there yet; write user: true")
    for key in ["bridge", "tap"] {
      reader.refuse(key, because: "a card on a \(key) is not there yet; write user: true")
    }
    for key in ["address", "restrict", "backend"] {
      reader.refuse(key, because: "'\(key)' of a card is not there yet")
    }
    let isOnUser: Bool? = reader.read("user")
    let mac: MACAddress? = reader.read("mac")
    let model: CardModel? = reader.read("model") { $0.word("card model") }
    if isOnUser == false {
      reader.report("user", "this is the only network there is; leave the card out instead")
    } else if !reader.has("user"), reader.others.isEmpty {
      reader.missing("user", "the card's network, 'user: true',")
    }
    reader.finish()
    return NetworksSetting.Card(.user, mac: mac, model: model)
  }

  private static func network(_ node: DefinitionNode) -> NetworksSetting.Network? {
    guard let text = node.text(expected: "a network's name") else { return nil }
    if let network = NetworksSetting.Network(rawValue: text) { return network }
    if text == "none" { return node.wrong("'none' stands alone, and not in a list: write networks: 'none'") }
    let nearest = nearestName(to: text, among: NetworksSetting.Network.allCases.map(\.rawValue))
    return node.wrong(.unknownName(text, kind: "network", nearest: nearest, known: ["user", "none"]))
  }

  var json: JSONValue {
    if mac == nil, model == nil { return .string(network.rawValue) }
    var object: JSONObject = ["user": true]
    object["mac"] = mac?.json
    object["model"] = model.map { .string($0.rawValue) }
    return .object(object)
  }
}

extension MACAddress: DefinitionValue {
  static func read(_ node: DefinitionNode) -> MACAddress? {
    guard let text = node.nonEmptyText(expected: "an address such as '52:54:00:12:34:56'") else { return nil }
    guard let address = MACAddress(text) else {
      return node.wrong("'\(text.clipped)' is not a card's address; write one such as '52:54:00:12:34:56'")
    }
    if address.isGroup {
      return node.wrong(
        "'\(text)' is the address of a group of cards; the second digit of a card's own is even")
    }
    return address.isZero ? node.wrong("'\(text)' is nobody's address") : address
  }

  var json: JSONValue { .string(description) }
}
