/// The key that leaves a console: a control character, written `^]`, or none.
struct EscapeKey: Sendable, Equatable {
  /// Nil where every key goes to the guest.
  let byte: UInt8?

  /// Ctrl-], as telnet(1) has it.
  static let standard = EscapeKey(byte: 0x1D)

  /// As a person reads it: `Ctrl-]`.
  var name: String? {
    byte.map { "Ctrl-\(Character(Unicode.Scalar($0 ^ 0x40)))" }
  }
}

extension ValueParser<EscapeKey> {
  /// `^A` to `^Z`, `^@`, `^[`, `^\\`, `^]`, `^^`, `^_`, or `none`.
  static var escapeKey: ValueParser {
    ValueParser { text throws(InvalidValue) in
      if text == "none" { return EscapeKey(byte: nil) }
      let bytes = Array(text.uppercased().utf8)
      guard bytes.count == 2, bytes[0] == UInt8(ascii: "^"), (0x40...0x5F).contains(bytes[1]) else {
        throw InvalidValue(reason: "is not a control key; write it as ^A or ^], or 'none'")
      }
      return EscapeKey(byte: bytes[1] ^ 0x40)
    }
  }
}
