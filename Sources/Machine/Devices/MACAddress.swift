internal import JSON

/// The hardware address of a network card.
package struct MACAddress: Sendable, Hashable {
  /// The lower 48 bits.
  private let bits: UInt64

  /// The address of a VM's card: the same at every start, and unlikely to be another VM's.
  package init(uuid: UUID, card: Int) {
    // A hash, so that UUIDs that differ in one bit give quite different addresses.
    var hash = FNV1a<UInt64>()
    for word in [uuid.high, uuid.low, UInt64(card)] {
      for shift in stride(from: 56, through: 0, by: -8) { hash.add(UInt8(word >> UInt64(shift) & 0xFF)) }
    }
    // The first three bytes are QEMU's own.
    bits = 0x5254_0000_0000 | (hash.state ^ hash.state >> 32) & 0xFF_FFFF
  }

  /// The address of its card on a network of its lab.
  package init(uuid: UUID, network: String) {
    var hash = FNV1a<UInt64>()
    for word in [uuid.high, uuid.low] {
      for shift in stride(from: 56, through: 0, by: -8) { hash.add(UInt8(word >> UInt64(shift) & 0xFF)) }
    }
    hash.add(network)
    bits = 0x5254_0000_0000 | (hash.state ^ hash.state >> 32) & 0xFF_FFFF
  }

  /// Reads six pairs of hexadecimal digits with colons or dashes between.
  package init?(_ text: String) {
    let separator: Character = text.contains("-") ? "-" : ":"
    let pairs = text.split(separator: separator, omittingEmptySubsequences: false)
    guard pairs.count == 6, pairs.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isHexDigit) }),
      let bits = UInt64(pairs.joined(), radix: 16)
    else { return nil }
    self.bits = bits
  }

  /// Whether it is that of many cards: broadcast or multicast.
  package var isGroup: Bool { bits >> 40 & 1 == 1 }
  package var isZero: Bool { bits == 0 }
}

extension MACAddress: CustomStringConvertible {
  package var description: String {
    stride(from: 40, through: 0, by: -8).map { shift in
      let byte = bits >> UInt64(shift) & 0xFF
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
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
