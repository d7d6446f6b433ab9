internal import JSON

extension Machine {
  /// Each network and the card that the guest has on it.
  func addNetworks(to list: inout ArgumentList) {
    for (index, network) in networks.enumerated() {
      let id = "net\(index)"
      list.add("-netdev", network.backend(id: id))
      var card = virtio("net", id: "nic\(index)", slot: PCISlot.networks.lowerBound + index)
      card["netdev"] = .string(id)
      card["mac"] = .string(network.address.description)
      // No boot ROM: it would cost its time at every start, and nothing here serves one.
      if type.family != .microvm { card["romfile"] = "" }
      list.add("-device", card)
    }
  }
}

extension Machine.Network {
  fileprivate func backend(id: String) -> JSONObject {
    switch network {
    case .user:
      var backend: JSONObject = ["type": "user", "id": .string(id)]
      if !ports.isEmpty { backend["hostfwd"] = .array(ports.map { ["str": .string($0.rule)] }) }
      return backend
    }
  }
}

extension PortForward {
  /// The rule in QEMU's words; an empty guest address means the address that the guest got.
  fileprivate var rule: String { "\(transport.rawValue):\(hostAddress):\(hostPort)-:\(guestPort)" }
}
