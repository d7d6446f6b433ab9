package import JSON
package import Network

/// The private networks of a lab as its file defines them, in the file's order.
package struct LabNetworks: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let setting: NetworkSetting
  }

  package let entries: [Entry]

  package init(_ entries: [Entry] = []) {
    self.entries = entries
  }

  package var names: [String] { entries.map(\.name) }

  /// These with those of a file that lies over theirs: of one name, the upper one's.
  func under(_ upper: LabNetworks) -> LabNetworks {
    LabNetworks(entries.filter { upper[$0.name] == nil } + upper.entries)
  }

  package subscript(name: String) -> NetworkSetting? { entries.first { $0.name == name }?.setting }
}

// MARK: - Reading

extension LabNetworks {
  /// Reads what `json` gives, on the control socket and in the state folder.
  package init(json: JSONObject) throws(DefinitionError) {
    let log = DefinitionLog(file: nil)
    let node = DefinitionNode(.object(["networks": .object(json)]), log: log)
    let networks = node.members?.first.flatMap { Self.read($0.value) }
    guard let networks, log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self = networks
  }

  package var json: JSONObject { JSONObject(entries.map { ($0.name, $0.setting.json) }) }

  static func read(_ node: DefinitionNode) -> LabNetworks? {
    guard let members = node.members else { return node.wrongType(expected: "an object of networks") }
    var entries: [Entry] = []
    for member in members {
      if let why = refusal(ofName: member.key) {
        node.log.report(.invalid(why), path: node.path, at: member.keyPosition)
      }
      guard let setting = NetworkSetting.read(member.value) else { continue }
      if let subnet = setting.subnet,
        let other = entries.first(where: { $0.setting.subnet.map(subnet.overlaps) == true })
      {
        member.value.report("its subnet \(subnet) has addresses of the network '\(other.name)'")
      }
      entries.append(Entry(name: member.key, setting: setting))
    }
    return LabNetworks(entries)
  }

  private static func refusal(ofName name: String) -> String? {
    do throws(NameError) {
      try NameError.check(name)
    } catch {
      return "'\(name.clipped)' is not a valid name: \(error)"
    }
    guard name == "none" || name == "user" || name.hasPrefix("user-") else { return nil }
    return "a network cannot be called '\(name)', which means another"
  }
}

extension IPv4Subnet {
  package func overlaps(_ other: IPv4Subnet) -> Bool { contains(other.base) || other.contains(base) }
}

// MARK: - The cards on them

extension LabNetworks {
  /// A VM whose cards are looked at, with where they were written.
  package struct Member: Sendable {
    package let name: String
    package let settings: Settings
    package let origins: Origins
  }

  /// What no lab can have: a card on a network that is not there, and addresses that no card or two would have.
  package func problems(of vms: [VMDefinition]) -> [Problem] {
    problems(of: vms.map { Member(name: $0.name.name, settings: $0.settings, origins: $0.origins) })
  }

  /// The same of VMs as they are with their profiles.
  package func problems(ofCardsIn vms: [FlatDefinition]) -> [Problem] {
    problems(of: vms.map { Member(name: $0.name.name, settings: $0.settings, origins: $0.origins) })
  }

  private func problems(of vms: [Member]) -> [Problem] {
    var problems: [Problem] = []
    var owners: [String: [IPv4Address: String]] = [:]
    for vm in vms {
      for (index, card) in (vm.settings.networks?.cards ?? []).enumerated() {
        guard case .lab(let network) = card.network else { continue }
        func report(_ key: String, _ reason: Problem.Reason) {
          let path = "networks[\(index)]" + key
          problems.append(
            Problem(reason, path: "vms.\(vm.name).\(path)", origin: vm.origins.nearest(to: path)))
        }
        guard let setting = self[network] else {
          report("", unknown(network))
          continue
        }
        if !NetworkDefinition.canBeNamed(vm.name) {
          report(
            "",
            .invalid("\(NetworkDefinition.Problem.badName(vm.name)), which the network '\(network)' needs"))
        }
        if let why = refusal(of: card, on: network, setting, &owners[network, default: [:]], vm.name) {
          report(".address", .invalid(why))
        }
      }
    }
    return problems
  }

  /// What is said of a network that is none of these.
  package func unknown(_ network: String) -> Problem.Reason {
    let known = names + ["user"]
    return .unknownName(
      network, kind: "network", nearest: nearestName(to: network, among: known), known: known + ["none"])
  }

  private func refusal(
    of card: NetworksSetting.Card, on network: String, _ setting: NetworkSetting,
    _ owners: inout [IPv4Address: String], _ vm: String
  ) -> String? {
    guard let address = card.address else { return nil }
    guard let subnet = setting.subnet else {
      return "a card with an address needs the 'subnet' of the network '\(network)'"
    }
    guard subnet.hasRoom(for: address) else {
      return "\(address) is not one of a card's in \(subnet), the subnet of '\(network)'"
    }
    if address == setting.address ?? subnet.first { return "\(address) is the switch's own on '\(network)'" }
    let other = owners.updateValue(vm, forKey: address)
    return other.map { "\(address) is the address of '\($0)' on '\(network)' already" }
  }
}

extension IPv4Subnet {
  /// The first address that a card can have.
  package var first: IPv4Address { IPv4Address(base.value + 1) }
}
