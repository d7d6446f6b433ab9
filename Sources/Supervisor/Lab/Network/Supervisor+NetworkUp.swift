internal import Control
internal import JSON
internal import Machine
internal import Network

// What bringing a lab up means to its networks.
extension Supervisor {
  /// Refuses to take a network, or its addresses, away from guests that are on it.
  func refuseChange(to next: LabNetworks, of lab: String) throws(ControlError) {
    guard let record = labs[lab]?.record else { return }
    for (bare, addresses) in record.addresses {
      guard let name = try? VMName(bare, lab: lab) else { continue }  // One that no network can have is none.
      let guests = reports.values.filter { report in
        report.name.lab == lab && report.runningCards?.contains { $0.network == bare } == true
      }.map(\.name.name).sorted()
      guard let guest = guests.first else { continue }
      let words: String
      if let setting = next[bare] {
        guard let subnet = setting.subnet, subnet != addresses.subnet else { continue }
        words = "its subnet cannot become \(subnet), for \(guest) runs on it with \(addresses.subnet)"
      } else {
        words = "it cannot go, for \(guest) runs on it"
      }
      throw ControlError(
        .failed, "the network \(name): \(words)", fact: .wrongState,
        advice: [
          "Stop \(guests.joined(separator: ", ")) first: 'qemuvm stop \(guests.joined(separator: " "))'."
        ])
    }
  }

  /// What a dry run tells of VMs, with the addresses that they would have on the lab's networks.
  func showNetworks(
    of vms: [(name: VMName, record: Result<VMRecord, ControlError>)], _ lab: LabDefinition,
    in entries: [FleetReply.Entry]
  ) -> [FleetReply.Entry] {
    guard !lab.networks.isEmpty else { return entries }
    var cards: [String: [LabCard]] = [:]
    for (name, record) in vms {
      // What is wrong with one is told as that one's.
      if let record = try? record.get() { cards[name.name] = record.flat.labCards(uuid: record.uuid) }
    }
    var record = LabRecord(lab: lab.lab, file: lab.file, directory: lab.directory, networks: lab.networks)
    record.vms = vms.map(\.name.name)
    record.addresses = labs[lab.lab]?.record?.addresses ?? [:]
    var shown: [String: [NetworkReport.Card]] = [:]
    for network in lab.networks.map(\.key) {
      guard case .success(let plan)? = NetworkPlan.make(of: network, in: record, { cards[$0] ?? [] }) else {
        continue
      }
      record.addresses[network] = plan.addresses
      for (vm, card) in plan.cards {
        shown[vm, default: []].append(
          NetworkReport.Card(
            network: network, address: plan.addresses.vms[vm].map { "\($0)" }, mac: "\(card.mac)"))
      }
    }
    let byLabel = Dictionary(vms.map { ("\($0.name)", $0.name.name) }) { first, _ in first }
    return entries.map { entry in
      guard case .success(var object) = entry.result, let name = byLabel[entry.name],
        let networks = shown[name]
      else { return entry }
      object["networks"] = .array(networks.map { .object($0.json) })
      return FleetReply.Entry(entry.name, .success(object))
    }
  }
}
