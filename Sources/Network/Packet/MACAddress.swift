/// The address of a card on an Ethernet segment.
package struct MACAddress: Sendable, Hashable {
  /// Its six bytes as a number, the first one highest.
  package let value: UInt64

  package init(_ value: UInt64) {
    self.value = value & 0xffff_ffff_ffff
  }

  package static let broadcast = MACAddress(0xffff_ffff_ffff)

  /// Whether it names several cards: multicast, or all.
  package var isGroup: Bool { value & 0x0100_0000_0000 != 0 }

  /// 01:80:c2:00:00:00 to 0f: meant for the next bridge alone and never forwarded, see IEEE 802.1D, 7.12.6.
  package var isForBridges: Bool { value & 0xffff_ffff_fff0 == 0x0180_c200_0000 }

  /// Six pairs of hexadecimal digits between colons; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var value: UInt64 = 0
    for part in parts {
      guard part.utf8.count == 2, let byte = UInt8(part, radix: 16), part.first != "+" else { return nil }
      value = value << 8 | UInt64(byte)
    }
    self.init(value)
  }

  /// Its six bytes, which begin at a place of a frame.
  init?(_ view: ByteView, at place: Int) {
    guard let high = view.uint16(place), let low = view.uint32(place + 2) else { return nil }
    self.init(UInt64(high) << 32 | UInt64(low))
  }
}

extension MACAddress: CustomStringConvertible {
  package var description: String {
    (0..<6).map { index in
      let digits = String(value >> UInt64(40 - 8 * index) & 0xff, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined(separator: ":")
  }
}

extension [UInt8] {
  mutating func append(_ address: MACAddress) {
    append(uint16: UInt16(truncatingIfNeeded: address.value >> 32))
    append(uint32: UInt32(truncatingIfNeeded: address.value))
  }
}
