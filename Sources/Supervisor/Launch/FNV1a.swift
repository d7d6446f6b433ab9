internal import Machine

/// The 128-bit hash FNV-1a: names to stable identifiers, no secret.
struct FNV1a {
  private var state: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

  /// Takes a text in, with its end.
  mutating func add(_ text: String) {
    for byte in text.utf8 + [0] {
      state ^= UInt128(byte)
      state = state &* 0x0000_0000_0100_0000_0000_0000_0000_013b
    }
  }

  /// As a UUID of version 8, one of the maker's own; RFC 9562.
  var uuid: UUID {
    let high = UInt64(truncatingIfNeeded: state >> 64) & ~0xF000 | 0x8000
    let low = UInt64(truncatingIfNeeded: state) & ~(0b11 << 62) | 0b10 << 62
    return UUID(high: high, low: low)
  }

  /// As 13 letters and digits, a name for a file.
  var text: String {
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let digits = String(folded, radix: 36)
    return String(repeating: "0", count: 13 - digits.count) + digits
  }
}
