internal import JSON
package import Machine
package import Network

/// The addresses of a lab's network: its subnet and which of it each VM has.
///
/// Decided once and kept with the lab, so that what is edited around a VM gives it no other.
package struct NetworkAddresses: Sendable, Equatable {
  package let subnet: IPv4Subnet
  package private(set) var vms: [String: IPv4Address]

  /// The subnet has no room for another card.
  package struct Full: Error, Equatable {
    package let subnet: IPv4Subnet
  }

  /// A card on the network, and what its definition gives it.
  package struct Card: Sendable {
    package let vm: String
    package let address: IPv4Address?

    package init(vm: String, address: IPv4Address?) {
      (self.vm, self.address) = (vm, address)
    }
  }

  package init(subnet: IPv4Subnet, vms: [String: IPv4Address]) {
    (self.subnet, self.vms) = (subnet, vms)
  }

  /// Decides them: what the definition says, then what they had before, then the lowest that are free.
  ///
  /// `others` are the subnets of the lab's other networks: a guest may be on several.
  package init(
    of network: String, in lab: String, _ setting: NetworkSetting, cards: [Card], before: NetworkAddresses?,
    others: [IPv4Subnet]
  ) throws(Full) {
    let kept = before?.subnet.isFree(of: others) == true ? before?.subnet : nil
    subnet = setting.subnet ?? kept ?? Self.choose(network, lab, others)
    var taken = Set(cards.compactMap(\.address))
    taken.insert(setting.address ?? subnet.first)
    vms = [:]
    for card in cards {
      if let address = card.address {
        vms[card.vm] = address
      } else if let earlier = before?.vms[card.vm], subnet.hasRoom(for: earlier),
        taken.insert(earlier).inserted
      {
        vms[card.vm] = earlier
      }
    }
    var next = subnet.first
    for card in cards where vms[card.vm] == nil {
      while !taken.insert(next).inserted { next = IPv4Address(next.value + 1) }
      guard subnet.hasRoom(for: next) else { throw Full(subnet: subnet) }
      vms[card.vm] = next
    }
  }

  /// One of 10.64.0.0/10 that is always the same for the same network, as far as others leave it free.
  private static func choose(_ network: String, _ lab: String, _ others: [IPv4Subnet]) -> IPv4Subnet {
    var hash = FNV1a<UInt64>()
    hash.add("\(network)@\(lab)")
    let start = UInt32(truncatingIfNeeded: hash.state ^ hash.state >> 32)
    func subnet(_ step: UInt32) -> IPv4Subnet {
      IPv4Subnet(ofFirst24Bits: IPv4Address(0x0A40_0000 | ((start &+ step) & 0x3FFF) << 8))
    }
    // Where others have them all, a guest may be on one of both alone.
    return (0..<0x4000).lazy.map(subnet).first { $0.isFree(of: others) } ?? subnet(0)
  }
}

extension IPv4Subnet {
  fileprivate func isFree(of others: [IPv4Subnet]) -> Bool { !others.contains(where: overlaps) }
}

extension NetworkAddresses {
  var json: JSONValue {
    .object([
      "subnet": .string("\(subnet)"),
      "vms": .object(JSONObject(vms.sorted { $0.key < $1.key }.map { ($0.key, .string("\($0.value)")) })),
    ])
  }

  /// Nil for what does not read back: it is decided anew then.
  init?(json: JSONValue) {
    guard let subnet = json["subnet"]?.string.flatMap(IPv4Subnet.init) else { return nil }
    let vms = (json["vms"]?.object ?? [:]).compactMap { name, value in
      value.string.flatMap { IPv4Address($0) }.map { (name, $0) }
    }
    self.init(subnet: subnet, vms: Dictionary(vms) { first, _ in first })
  }
}
