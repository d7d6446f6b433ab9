package import JSON
package import Network

/// A network card of the guest's, and the network that it is on.
package struct NetworkCard: Device {
  /// The network's name; further cards of the same network have a number behind it.
  package let name: String
  package let key: String
  package let network: NetworksSetting.Network
  package let address: MACAddress
  /// Whether the user has written the address.
  package let hasOwnAddress: Bool
  package let model: CardModel
  package let ports: [PortForward]

  /// Whether a guest on the user network reaches nothing but what its ports let in.
  let isRestricted: Bool

  /// The addresses and the host name that the user network gives; nil for QEMU's own choice.
  let subnet: IPv4Subnet?
  let hostname: String?

  /// The largest packet that the guest is told of; nil for the 1500 bytes of every card.
  let mtu: Int?

  /// What a card on a network of the lab has there by the definition, and whether it may speak as itself alone.
  package let ipAddress: IPv4Address?
  package let isSecure: Bool

  /// The two ends of such a card; nil on another network.
  package let ends: NetworkPaths.Ends?

  /// Which of the cards of its network it is, from 0.
  let ordinal: Int

  package var id: DeviceID { .networkCard(name) }
  package var label: String { "network card '\(name)'" }
  package var hostPorts: [PortForward] { ports }

  package var properties: JSONObject {
    var properties: JSONObject = ["network": .string(network.name), "model": .string(model.rawValue)]
    if ends != nil {
      properties["labNetwork"] = .string(network.name)
      properties["address"] = ipAddress.map { .string("\($0)") }
      if !isSecure { properties["secure"] = false }
    }
    if isRestricted { properties["restrict"] = true }
    properties["subnet"] = subnet.map { .string("\($0)") }
    properties["hostname"] = hostname.map { .string($0) }
    properties["mtu"] = mtu.map { JSONValue($0) }
    if hasOwnAddress || ends != nil { properties["mac"] = .string("\(address)") }
    if !ports.isEmpty { properties["ports"] = .array(ports.map { .string("\($0)") }) }
    return properties
  }

  package var shown: [(key: String, value: String)] {
    var words = [network.name]
    if let ipAddress { words.append("\(ipAddress)") }
    if let subnet { words.append("\(subnet)") }
    if let hostname { words.append("host name \(hostname)") }
    if let mtu { words.append("MTU \(mtu)") }
    if isRestricted { words.append("restricted") }
    if model != .virtio { words.append(model.rawValue) }
    if hasOwnAddress { words.append("\(address)") }
    let card = (key, words.joined(separator: ", "))
    return ports.isEmpty ? [card] : [card, ("ports", ports.map(\.description).joined(separator: ", "))]
  }

  package func attachment(on type: MachineType) -> Attachment {
    switch model {
    case .virtio: type.placeOfVirtio(PCISlot.networkCards)
    case .ne2kISA: .byQEMU
    case .e1000, .e1000e, .rtl8139, .vmxnet3, .pcnet, .ne2kPCI: type.placeOnPCI(PCISlot.networkCards)
    }
  }

  package func backends(in context: DeviceContext) -> [DeviceArgument] {
    switch network {
    case .user:
      var backend: JSONObject = ["type": "user", "id": .string(id.text)]
      // The first has QEMU's own addresses, 10.0.2.0/24; a guest with two cards needs others on the second.
      if let subnet {
        backend["net"] = .string("\(subnet)")
      } else if ordinal > 0 {
        backend["net"] = .string("10.0.\(2 + ordinal).0/24")
      }
      backend["hostname"] = hostname.map { .string($0) }
      if isRestricted { backend["restrict"] = true }
      if !ports.isEmpty { backend["hostfwd"] = .array(ports.map { ["str": .string($0.rule)] }) }
      return [.netdev(backend)]
    case .lab:
      guard let ends else { return [] }
      return [
        .netdev([
          "type": "dgram", "id": .string(id.text), "local": ["type": "unix", "path": .string(ends.card)],
          "remote": ["type": "unix", "path": .string(ends.switchEnd)],
        ])
      ]
    }
  }

  package func isPluggable(on type: MachineType) -> Bool { model != .ne2kISA && type.family.isPC }

  /// Ports come and go while the guest runs.
  package func adjustment(
    from old: [MachineChange.ValueChange], in context: DeviceContext
  ) -> LiveAdjustment? {
    guard old.map(\.key) == ["ports"], ports.allSatisfy({ $0.hostPort != 0 }) else { return nil }
    // What is damaged is as if it were not there.
    let before = (old[0].old?.array ?? []).compactMap { $0.string.flatMap { try? PortForward(parsing: $0) } }
    let gone = before.filter { !ports.contains($0) }
    let new = ports.filter { !before.contains($0) }
    func commands(without gone: [PortForward], with new: [PortForward]) -> [LiveCommand] {
      // Also those that are new: they may be there already.
      (gone + new).map { .monitor("hostfwd_remove \(id.text) \($0.hostSide)", printsRefusal: false) }
        + new.map { .monitor("hostfwd_add \(id.text) \($0.rule)", printsRefusal: true) }
    }
    return LiveAdjustment(
      commands: commands(without: gone, with: new), undo: commands(without: new, with: gone),
      isUndoneInReverse: false)
  }

  package func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var card =
      model == .virtio ? context.virtio("net", of: self) : context.device(model.rawValue, of: self)
    card["netdev"] = .string(id.text)
    card["mac"] = .string(address.description)
    card["host_mtu"] = mtu.map { JSONValue($0) }
    // No boot ROM: it would cost its time at every start, and nothing here serves one.
    if context.type.family != .microvm, model != .ne2kISA { card["romfile"] = "" }
    return [.device(card)]
  }
}

extension PortForward {
  /// The rule in QEMU's words; an empty guest address means the address that the guest got.
  fileprivate var rule: String { "\(hostSide)-\(guestAddress ?? ""):\(guestPort)" }

  fileprivate var hostSide: String { "\(transport.rawValue):\(hostAddress):\(hostPort)" }
}

extension DeviceKind {
  static let networkCards = DeviceKind(keys: [
    SettingKey("networks", \.networks), SettingKey("ports", \.ports, reading: PortForward.list),
  ]) { resolver in
    let cards = resolver.settings.networks?.cards ?? []
    let ports = resolver.settings.forwards.map(resolver.host.settled)
    if !ports.isEmpty, !cards.contains(where: { $0.network == .user }) {
      resolver.report("ports", "ports lead through the network 'user', which 'networks' does not list")
    }
    return cards.enumerated().map { index, card in
      let (model, key) = (card.model ?? .virtio, "networks[\(index)]")
      if let problem = model.problem(on: resolver.type) { resolver.report(key, problem) }
      if card.mtu != nil, model != .virtio {
        resolver.report(key, "'mtu' is for a virtio card, which alone tells it to the guest; leave it out")
      }
      let ordinal = cards[..<index].count { $0.network == card.network }
      let network = card.network.name
      return NetworkCard(
        name: ordinal == 0 ? network : "\(network)-\(ordinal + 1)", key: key, network: card.network,
        address: card.mac ?? .chosen(resolver.uuid, card.network, ordinal), hasOwnAddress: card.mac != nil,
        model: model, ports: card.network == .user && ordinal == 0 ? ports : [],
        isRestricted: card.isRestricted, subnet: card.subnet, hostname: card.hostname, mtu: card.mtu,
        ipAddress: card.address, isSecure: card.isSecure,
        ends: ends(of: card, key, &resolver), ordinal: ordinal)
    }
  }

  private static func ends(
    of card: NetworksSetting.Card, _ key: String, _ resolver: inout MachineResolver
  ) -> NetworkPaths.Ends? {
    guard case .lab(let network) = card.network else { return nil }
    guard let paths = resolver.paths.networks else {
      resolver.report(key, LabNetworks().unknown(network))
      return nil
    }
    return paths.ends(on: network)
  }
}

extension MACAddress {
  /// That of a card which has none written.
  fileprivate static func chosen(
    _ uuid: UUID, _ network: NetworksSetting.Network, _ ordinal: Int
  ) -> MACAddress {
    switch network {
    case .user: MACAddress(uuid: uuid, card: ordinal)
    case .lab(let name): MACAddress(uuid: uuid, network: name)
    }
  }
}

extension CardModel {
  /// Why a machine cannot have such a card.
  fileprivate func problem(on type: MachineType) -> String? {
    let hasPlace: Bool
    switch self {
    case .virtio: hasPlace = type.family != .isapc
    case .ne2kISA: hasPlace = type.family == .isapc || type.family == .i440fx
    case .e1000, .e1000e, .rtl8139, .vmxnet3, .pcnet, .ne2kPCI: hasPlace = type.family.hasPCI
    }
    guard !hasPlace else { return nil }
    let bus = self == .ne2kISA ? "an ISA" : "a PCI"
    let instead =
      switch type.family {
      case .isapc: "write { user: true, model: \"ne2k_isa\" }, or networks: \"none\""
      case .microvm: "leave 'model' out for a virtio card"
      case .i440fx, .q35, .other: "name another model, such as e1000"
      }
    return "a card '\(rawValue)' needs \(bus) bus, which '\(type.name)' does not have; \(instead)"
  }
}

extension Settings {
  package var networks: NetworksSetting? {
    get { devices["networks"] }
    set { devices["networks"] = newValue }
  }

  package var ports: [PortForward]? {
    get { devices["ports"] }
    set { devices["ports"] = newValue }
  }
}
