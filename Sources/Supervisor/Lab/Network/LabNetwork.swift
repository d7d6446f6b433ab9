internal import Control
internal import Host
internal import JSON
internal import Machine
internal import Network

/// A network of a lab whose switch is there, or was.
///
/// Owned by the supervisor.
struct LabNetwork {
  /// `backend` of the lab `shop`.
  let name: VMName
  let helper: HelperProcess
  var report: HelperReport

  /// Whether its switch is to be there.
  var isWanted = false
}

/// What a network of a lab is, from what is known of the lab; pure.
struct NetworkPlan {
  let network: VMName
  let setting: NetworkSetting
  let addresses: NetworkAddresses

  /// The cards on it with their VMs, in the lab's order.
  let cards: [(vm: String, card: LabCard)]

  /// What it is with the cards of the lab's VMs; nil where the lab has none of that name.
  static func make(
    of network: String, in record: LabRecord, _ cardsOf: (String) -> [LabCard]
  ) -> Result<NetworkPlan, NetworkFailure>? {
    // What was kept had been read.
    guard let settings = try? LabNetworks(json: record.networks), let setting = settings[network],
      let name = try? VMName(network, lab: record.lab)
    else { return nil }
    let cards = record.vms.compactMap { vm in
      cardsOf(vm).first { $0.network == network }.map { (vm: vm, card: $0) }
    }
    let others = settings.names.filter { $0 != network }.compactMap {
      settings[$0]?.subnet ?? record.addresses[$0]?.subnet
    }
    do throws(NetworkAddresses.Full) {
      let addresses = try NetworkAddresses(
        of: network, in: record.lab, setting,
        cards: cards.map { NetworkAddresses.Card(vm: $0.vm, address: $0.card.address) },
        before: record.addresses[network], others: others)
      return .success(
        NetworkPlan(network: name, setting: setting, addresses: addresses, cards: cards))
    } catch {
      return .failure(NetworkFailure(words: "\(error.subnet) has no room for its \(cards.count) VMs"))
    }
  }

  /// Its definition as its switch is told, or why there is none.
  func definition() throws(NetworkDefinition.Problem) -> NetworkDefinition {
    var definition = NetworkDefinition(
      name: "\(network)", subnet: addresses.subnet, address: setting.address ?? addresses.subnet.first,
      domain: [network.name, network.lab].compactMap { $0 }.joined(separator: "."), mtu: setting.mtu,
      ports: [])
    definition.answersDHCP = setting.dhcp
    definition.forwardsDNS = setting.dns
    definition.ports = cards.compactMap { vm, card in
      // Both types have the same six bytes.
      Network.MACAddress("\(card.mac)").map {
        NetworkDefinition.Port(
          name: vm, mac: $0, address: addresses.vms[vm] ?? card.address, isSecure: card.isSecure)
      }
    }
    try definition.check()
    return definition
  }
}

/// Why a network cannot be, for a person.
struct NetworkFailure: Error {
  let words: String
}
