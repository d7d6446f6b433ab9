/// The 128 bits that a VM is told from all others by; QEMU answers with them to `query-uuid`.
package struct UUID: Sendable, Hashable {
  package let high: UInt64
  package let low: UInt64

  /// Makes a random UUID (version 4).
  package static func random(using generator: inout some RandomNumberGenerator) -> UUID {
    UUID(
      high: generator.next() & ~0xF000 | 0x4000,
      low: generator.next() & ~(0b11 << 62) | 0b10 << 62)
  }

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 32 hexadecimal digits with the usual dashes between.
  package init?(_ text: String) {
    let fields = text.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
    let digits = fields.joined()
    guard digits.allSatisfy(\.isHexDigit), let high = UInt64(digits.prefix(16), radix: 16),
      let low = UInt64(digits.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }
}

extension UUID: CustomStringConvertible {
  package var description: String {
    let digits = high.hexDigits + low.hexDigits
    var rest = digits[...]
    return [8, 4, 4, 4, 12].map { count in
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }.joined(separator: "-")
  }
}

extension UInt64 {
  /// All sixteen digits.
  fileprivate var hexDigits: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
