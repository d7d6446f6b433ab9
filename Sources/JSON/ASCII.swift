/// The bytes that JSON's grammar names.
extension UInt8 {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let doubleQuote = UInt8(ascii: "\"")
  static let singleQuote = UInt8(ascii: "'")
  static let backslash = UInt8(ascii: "\\")
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let plus = UInt8(ascii: "+")
  static let minus = UInt8(ascii: "-")
  static let point = UInt8(ascii: ".")
  static let slash = UInt8(ascii: "/")
  static let asterisk = UInt8(ascii: "*")

  /// The value of a decimal digit; nil for any other byte.
  var decimalDigit: UInt64? {
    let value = self &- 0x30
    return value < 10 ? UInt64(value) : nil
  }

  var hexadecimalDigit: UInt64? {
    if let decimalDigit { return decimalDigit }
    let value = (self | 0x20) &- 0x61
    return value < 6 ? UInt64(value) + 10 : nil
  }

  /// Whether the byte continues a word: a letter, a digit, `_` or `$`.
  var isWord: Bool {
    switch self {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x24: true
    default: false
    }
  }
}
