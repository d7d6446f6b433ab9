/// An address of the Internet Protocol, version 4.
package struct IPv4Address: Sendable, Hashable {
  package let value: UInt32

  package init(_ value: UInt32) {
    self.value = value
  }

  package static let any = IPv4Address(0)
  package static let broadcast = IPv4Address(.max)

  /// Four decimal numbers between dots, none with a leading zero; nil for anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.utf8.count == 1 || part.first != "0",
        let byte = UInt8(part)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    self.init(value)
  }

  init?(_ view: ByteView, at place: Int) {
    guard let value = view.uint32(place) else { return nil }
    self.init(value)
  }
}

extension IPv4Address: CustomStringConvertible {
  package var description: String {
    "\(value >> 24).\(value >> 16 & 0xff).\(value >> 8 & 0xff).\(value & 0xff)"
  }
}

/// The addresses of one segment: those that begin with the same bits.
package struct IPv4Subnet: Sendable, Hashable {
  /// The first address of all, which is no card's.
  package let base: IPv4Address

  /// How many bits they have in common.
  package let prefixLength: Int

  /// `10.9.0.0/24`, with room for at least two cards; nil for anything else, and where bits are set behind the prefix.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let base = IPv4Address(parts[0]), let length = Int(parts[1]),
      String(length) == parts[1], (8...30).contains(length)
    else { return nil }
    self.base = base
    prefixLength = length
    guard base.value & ~mask.value == 0 else { return nil }
  }

  /// That of 256 addresses whose first 24 bits are those of an address.
  package init(ofFirst24Bits address: IPv4Address) {
    base = IPv4Address(address.value & 0xFFFF_FF00)
    prefixLength = 24
  }

  package var mask: IPv4Address { IPv4Address(UInt32.max << UInt32(32 - prefixLength)) }
  package var broadcast: IPv4Address { IPv4Address(base.value | ~mask.value) }

  package func contains(_ address: IPv4Address) -> Bool { address.value & mask.value == base.value }

  /// Whether a card can have it: neither the first address nor the last.
  package func hasRoom(for address: IPv4Address) -> Bool {
    contains(address) && address != base && address != broadcast
  }
}

extension IPv4Subnet: CustomStringConvertible {
  package var description: String { "\(base)/\(prefixLength)" }
}
