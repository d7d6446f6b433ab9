internal import JSON

/// The key `networks` as written: which networks the guest has a card on, in the order of its cards.
///
/// A list, or for one network its name, or `none`.
package struct NetworksSetting: Sendable, Equatable {
  package enum Network: String, Sendable, CaseIterable {
    /// QEMU's own network: the guest reaches out, the host reaches in through `ports`.
    case user
  }

  package var networks: [Network]

  package init(_ networks: [Network]) { self.networks = networks }
}

extension NetworksSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> NetworksSetting? {
    if node.value.string == "none" { return NetworksSetting([]) }
    if node.value.string != nil { return network(node).map { NetworksSetting([$0]) } }
    guard let elements = node.elements else {
      return node.wrongType(expected: "a list of networks, or 'none'")
    }
    var networks: [Network] = []
    for element in elements {
      guard let network = network(element) else { continue }
      if networks.contains(network) {
        element.report("'\(network.rawValue)' is listed twice; a guest has one card on it")
      } else {
        networks.append(network)
      }
    }
    return NetworksSetting(networks)
  }

  private static func network(_ node: DefinitionNode) -> Network? {
    guard let text = node.text(expected: "a network's name") else { return nil }
    if let network = Network(rawValue: text) { return network }
    let nearest = nearestName(to: text, among: Network.allCases.map(\.rawValue))
    return node.wrong(.unknownName(text, kind: "network", nearest: nearest, known: ["user", "or none"]))
  }

  var json: JSONValue { .array(networks.map { .string($0.rawValue) }) }
}
