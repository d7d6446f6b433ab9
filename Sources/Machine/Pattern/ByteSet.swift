/// A set of bytes.
struct ByteSet: Hashable, Sendable {
  private var words = SIMD4<UInt64>.zero

  init() {}

  init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { insert(byte) }
  }

  static let all = ByteSet(0...UInt8.max)

  func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0 }

  mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  mutating func formUnion(_ other: ByteSet) { words |= other.words }

  /// Every byte that is not in it.
  var inverted: ByteSet {
    var result = self
    result.words = ~words
    return result
  }
}

extension ByteSet {
  /// The bytes of a class such as `digit`, in the C locale; nil when there is none of that name.
  ///
  /// Corresponds to isalpha(3) and its like.
  static func named(_ name: String) -> ByteSet? {
    switch name {
    case "alnum": letters.union(digits)
    case "alpha": letters
    case "blank": ByteSet(" \t".utf8)
    case "cntrl": ByteSet(0...31).union(ByteSet([127]))
    case "digit": digits
    case "graph": ByteSet(33...126)
    case "lower": ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z"))
    case "print": ByteSet(32...126)
    case "punct": ByteSet(33...126).intersection(letters.union(digits).inverted)
    case "space": spaces
    case "upper": ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))
    case "xdigit": ByteSet("0123456789abcdefABCDEF".utf8)
    default: nil
    }
  }

  static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
  static let spaces = ByteSet(9...13).union(ByteSet([32]))

  /// What stands in a word: letters, digits and the underscore.
  static let wordBytes = letters.union(digits).union(ByteSet("_".utf8))

  private static let letters = ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")).union(
    ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z")))

  func union(_ other: ByteSet) -> ByteSet {
    var result = self
    result.formUnion(other)
    return result
  }

  private func intersection(_ other: ByteSet) -> ByteSet {
    inverted.union(other.inverted).inverted
  }
}
