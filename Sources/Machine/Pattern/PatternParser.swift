/// Reads an extended regular expression, byte by byte; corresponds to regex(7).
///
/// Not known are back-references, which no matcher of bounded work can follow, and GNU's marks for the edges of words.
struct PatternParser {
  /// The longest expression, in bytes.
  private static let longest = 1000

  /// So many groups and repetitions may stand inside each other.
  private static let deepest = 50

  /// The largest number of an interval: RE_DUP_MAX of POSIX.
  private static let mostRepetitions = 255

  private let bytes: [UInt8]
  private var position = 0

  private init(_ text: String) {
    bytes = Array(text.utf8)
  }

  static func parse(_ text: String) throws(ConsolePattern.Invalid) -> PatternNode {
    var parser = PatternParser(text)
    guard parser.bytes.count <= longest else {
      throw .init(description: "it has \(parser.bytes.count) bytes, \(longest) at most")
    }
    return try parser.choice(depth: 0)
  }

  /// Branches up to the end of the group, or of the expression.
  private mutating func choice(depth: Int) throws(ConsolePattern.Invalid) -> PatternNode {
    guard depth <= Self.deepest else { throw Self.tooDeep }
    var branches: [PatternNode] = []
    repeat {
      branches.append(try branch(depth: depth))
    } while take("|")
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func branch(depth: Int) throws(ConsolePattern.Invalid) -> PatternNode {
    var parts: [PatternNode] = []
    while let byte = peek, byte != UInt8(ascii: "|") {
      // Outside of a group it stands for itself.
      if byte == UInt8(ascii: ")"), depth > 0 { break }
      parts.append(try piece(depth: depth))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  /// Something and how often it comes.
  private mutating func piece(depth: Int) throws(ConsolePattern.Invalid) -> PatternNode {
    var node = try atom(depth: depth)
    var repetitions = 0
    while let (least, most) = try repetition() {
      switch node {
      case .lineStart, .lineEnd: throw .init(description: "'^' and '$' cannot be repeated")
      default: break
      }
      repetitions += 1
      guard depth + repetitions <= Self.deepest else { throw Self.tooDeep }
      node = .repeated(node, least: least, most: most)
    }
    return node
  }

  private mutating func atom(depth: Int) throws(ConsolePattern.Invalid) -> PatternNode {
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "("):
      let inner = try choice(depth: depth + 1)
      guard take(")") else { throw .init(description: "a '(' is not closed") }
      return inner
    case UInt8(ascii: "["): return .byte(try bracket())
    case UInt8(ascii: "."): return .byte(.all)
    case UInt8(ascii: "^"): return .lineStart
    case UInt8(ascii: "$"): return .lineEnd
    case UInt8(ascii: "\\"): return .byte(try escaped())
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      let sign = Character(Unicode.Scalar(byte))
      throw .init(description: "there is nothing before a '\(sign)' to repeat; '\\\(sign)' is the character")
    default: return .byte(ByteSet([byte]))
    }
  }

  private mutating func escaped() throws(ConsolePattern.Invalid) -> ByteSet {
    guard let byte = peek else { throw .init(description: "it ends with a '\\'") }
    position += 1
    switch byte {
    case UInt8(ascii: "w"): return .wordBytes
    case UInt8(ascii: "W"): return ByteSet.wordBytes.inverted
    case UInt8(ascii: "s"): return .spaces
    case UInt8(ascii: "S"): return ByteSet.spaces.inverted
    case UInt8(ascii: "1")...UInt8(ascii: "9"):
      let digit = Character(Unicode.Scalar(byte))
      throw .init(description: "'\\\(digit)' refers back to a group, which is not supported")
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "`"), UInt8(ascii: "'"),
      _ where ByteSet.wordBytes.contains(byte):
      throw .init(description: "'\\\(Character(Unicode.Scalar(byte)))' has no meaning in regex(7)")
    default: return ByteSet([byte])
    }
  }

  // MARK: How often

  private mutating func repetition() throws(ConsolePattern.Invalid) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{") else { return nil }
    // `{,3}` is GNU's way of `{0,3}`.
    let least = try number()
    var most = least
    if take(",") {
      most = try number()
    } else if least == nil {
      throw Self.badInterval
    }
    guard take("}"), least != nil || most != nil, (least ?? 0) <= most ?? .max else { throw Self.badInterval }
    return (least ?? 0, most)
  }

  private mutating func number() throws(ConsolePattern.Invalid) -> Int? {
    var value: Int?
    while let byte = peek, ByteSet.digits.contains(byte) {
      position += 1
      value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
      guard value ?? 0 <= Self.mostRepetitions else { throw Self.badInterval }
    }
    return value
  }

  // MARK: Sets

  private mutating func bracket() throws(ConsolePattern.Invalid) -> ByteSet {
    let isInverted = take("^")
    var set = ByteSet()
    var isFirst = true
    while isFirst || peek != UInt8(ascii: "]") {
      isFirst = false
      if let named = try className() {
        set.formUnion(named)
        continue
      }
      let first = try member()
      if peek == UInt8(ascii: "-"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "]") {
        position += 1
        let last = try member()
        guard first <= last else { throw .init(description: "a range in '[…]' ends before it begins") }
        set.formUnion(ByteSet(first...last))
      } else {
        set.insert(first)
      }
    }
    position += 1
    return isInverted ? set.inverted : set
  }

  private mutating func member() throws(ConsolePattern.Invalid) -> UInt8 {
    guard let byte = peek else { throw Self.openBracket }
    if byte == UInt8(ascii: "["), position + 1 < bytes.count, ".=:".utf8.contains(bytes[position + 1]) {
      throw .init(description: "of '[.', '[=' and '[:' only a class such as [:digit:] is known")
    }
    position += 1
    return byte
  }

  /// `[:digit:]` and its like; nil when none stands here.
  private mutating func className() throws(ConsolePattern.Invalid) -> ByteSet? {
    guard bytes[position...].starts(with: "[:".utf8) else { return nil }
    let name = bytes[(position + 2)...].prefix { $0 != UInt8(ascii: ":") }
    let text = String(decoding: name, as: UTF8.self)
    guard bytes[name.endIndex...].starts(with: ":]".utf8), let set = ByteSet.named(text) else {
      throw .init(description: "'[:\(text):]' is no class of characters")
    }
    position = name.endIndex + 2
    return set
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: sign) else { return false }
    position += 1
    return true
  }

  private static let tooDeep = ConsolePattern.Invalid(
    description: "more than \(deepest) groups or repetitions stand inside each other")
  private static let badInterval = ConsolePattern.Invalid(
    description: "an interval is '{2}', '{2,}' or '{2,5}', up to \(mostRepetitions)")
  private static let openBracket = ConsolePattern.Invalid(description: "a '[' is not closed")
}
