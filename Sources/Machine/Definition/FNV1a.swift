/// The hash FNV-1a: names to stable identifiers, no secret.
///
/// Each width has a beginning and a prime of its own; see draft-eastlake-fnv.
package struct FNV1a<Width: FNV1aWidth>: Sendable {
  package private(set) var state = Width.fnvBasis

  package init() {}

  package mutating func add(_ byte: UInt8) {
    state = (state ^ Width(byte)) &* Width.fnvPrime
  }

  /// Takes a text in, with its end.
  package mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0)
  }
}

package protocol FNV1aWidth: FixedWidthInteger, UnsignedInteger, Sendable {
  static var fnvBasis: Self { get }
  static var fnvPrime: Self { get }
}

extension UInt64: FNV1aWidth {
  package static var fnvBasis: UInt64 { 0xCBF2_9CE4_8422_2325 }
  package static var fnvPrime: UInt64 { 0x100_0000_01B3 }
}

extension UInt128: FNV1aWidth {
  package static var fnvBasis: UInt128 { 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D }
  package static var fnvPrime: UInt128 { 0x100_0000_0000_0000_0000_013B }
}

extension FNV1a<UInt128> {
  /// As a UUID of version 8, one of the maker's own; RFC 9562.
  package var uuid: UUID {
    let high = UInt64(truncatingIfNeeded: state >> 64) & ~0xF000 | 0x8000
    let low = UInt64(truncatingIfNeeded: state) & ~(0b11 << 62) | 0b10 << 62
    return UUID(high: high, low: low)
  }

  /// As 13 letters and digits, a name for a file.
  package var text: String {
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let digits = String(folded, radix: 36)
    return String(repeating: "0", count: 13 - digits.count) + digits
  }
}
