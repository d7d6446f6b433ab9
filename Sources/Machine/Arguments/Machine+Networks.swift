internal import JSON

extension Machine {
  /// Each network and the card that the guest has on it.
  func addNetworks(to list: inout ArgumentList) {
    for (index, network) in networks.enumerated() {
      let id = "net\(index)"
      list.add("-netdev", network.backend(id: id, index: index))
      var card = self.card(network.model, id: "nic\(index)", slot: PCISlot.networks.lowerBound + index)
      card["netdev"] = .string(id)
      card["mac"] = .string(network.address.description)
      // No boot ROM: it would cost its time at every start, and nothing here serves one.
      if type.family != .microvm, network.model != .ne2kISA { card["romfile"] = "" }
      list.add("-device", card)
    }
  }
}

extension Machine {
  private func card(_ model: CardModel, id: String, slot: Int) -> JSONObject {
    switch model {
    case .virtio: virtio("net", id: id, slot: slot)
    case .ne2kISA: ["driver": .string(model.rawValue), "id": .string(id)]
    case .e1000, .e1000e, .rtl8139, .vmxnet3, .pcnet, .ne2kPCI: device(model.rawValue, id: id, slot: slot)
    }
  }
}

extension Machine.Network {
  fileprivate func backend(id: String, index: Int) -> JSONObject {
    switch network {
    case .user:
      var backend: JSONObject = ["type": "user", "id": .string(id)]
      // The first has QEMU's own addresses, 10.0.2.0/24; a guest with two cards needs others on the second.
      if index > 0 { backend["net"] = .string("10.0.\(2 + index).0/24") }
      if !ports.isEmpty { backend["hostfwd"] = .array(ports.map { ["str": .string($0.rule)] }) }
      return backend
    }
  }
}

extension PortForward {
  /// The rule in QEMU's words; an empty guest address means the address that the guest got.
  fileprivate var rule: String { "\(transport.rawValue):\(hostAddress):\(hostPort)-:\(guestPort)" }
}
