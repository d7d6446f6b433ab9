internal import JSON
package import Network

/// A VM's card on a private network of its lab, as that network's switch has to know it.
package struct LabCard: Sendable, Equatable {
  package let network: String
  package let mac: MACAddress

  /// Nil for one that is chosen, and kept.
  package let address: IPv4Address?

  /// Whether it may speak as itself alone.
  package let isSecure: Bool
}

extension FlatDefinition {
  /// Its cards on networks of its lab, if it starts as it is defined.
  package func labCards(uuid: UUID) -> [LabCard] {
    (settings.networks?.cards ?? []).compactMap { card in
      guard case .lab(let network) = card.network else { return nil }
      return LabCard(
        network: network, mac: card.mac ?? MACAddress(uuid: settings.uuid ?? uuid, network: network),
        address: card.address, isSecure: card.isSecure)
    }
  }
}

extension MachineDescription {
  /// The cards on networks of its lab that it was started with.
  package var labCards: [LabCard] {
    (devices ?? []).compactMap { device in
      guard let network = device.properties["labNetwork"]?.string,
        let mac = device.properties["mac"]?.string.flatMap(MACAddress.init)
      else { return nil }
      return LabCard(
        network: network, mac: mac, address: device.properties["address"]?.string.flatMap(IPv4Address.init),
        isSecure: device.properties["secure"]?.bool ?? true)
    }
  }
}

/// Where the ends of a VM's cards lie: a folder for each network of its lab.
package struct NetworkPaths: Sendable, Equatable {
  private let folder: String
  private let lab: String
  private let vm: String

  /// `folder` is that of all networks.
  package init(folder: String, lab: String, vm: String) {
    (self.folder, self.lab, self.vm) = (folder, lab, vm)
  }

  package func folder(of network: String) -> String { "\(folder)/\(network)@\(lab)" }

  /// The sockets that a card has two ends at.
  package struct Ends: Sendable, Equatable {
    /// What QEMU binds.
    package let card: String

    /// Where it sends.
    package let switchEnd: String
  }

  package func ends(on network: String) -> Ends {
    let start = "\(folder(of: network))/\(vm)"
    return Ends(card: start + ".card", switchEnd: start + ".switch")
  }
}

extension Machine {
  /// The cards on networks of its lab.
  package var labCards: [LabCard] {
    networkCards.compactMap { card in
      guard case .lab(let network) = card.network else { return nil }
      return LabCard(network: network, mac: card.address, address: card.ipAddress, isSecure: card.isSecure)
    }
  }

  /// The paths of the sockets of its cards, with the keys of those.
  package var cardSockets: [(key: String, path: String)] {
    networkCards.flatMap { card in
      [card.ends?.card, card.ends?.switchEnd].compactMap { $0 }.map { (card.key, $0) }
    }
  }
}
