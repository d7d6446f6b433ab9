extension JSONLexer {
  /// Reads the string whose opening quote is next.
  mutating func string() throws(JSONSyntaxError) -> String {
    let start = offset + 1
    let quote = text[offset]
    var end = start
    var seen: UInt8 = 0
    while end < text.end {
      let byte = text[end]
      if byte == quote {
        offset = end + 1
        return text.string(start..<end, isASCII: seen < 0x80)
      }
      if byte == .backslash || byte < .space { break }
      seen |= byte
      end += 1
    }
    return try stringWithEscapes(from: start, firstAt: end, quote: quote)
  }

  /// Reads on from the first byte that does not stand for itself.
  private mutating func stringWithEscapes(
    from start: Int, firstAt special: Int, quote: UInt8
  ) throws(JSONSyntaxError) -> String {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: text.bytes[start..<special])
    offset = special
    while let byte = next {
      switch byte {
      case quote:
        offset += 1
        return String(decoding: scratch, as: UTF8.self)
      case .backslash:
        try escape()
      case 0..<(.space):
        guard dialect == .json5, byte != .lineFeed, byte != .carriageReturn else {
          throw error(.unescapedControl(Unicode.Scalar(byte)), at: offset)
        }
        fallthrough
      default:
        scratch.append(byte)
        offset += 1
      }
    }
    throw error(.unterminatedString, at: start - 1)
  }

  /// Reads the escape whose backslash is next and adds what it stands for.
  private mutating func escape() throws(JSONSyntaxError) {
    let start = offset
    offset += 1
    guard let byte = next else { return }  // The string's end is missing, and its reader says so.
    offset += 1
    switch byte {
    case .doubleQuote, .backslash, .slash: scratch.append(byte)
    case UInt8(ascii: "b"): scratch.append(0x08)
    case UInt8(ascii: "f"): scratch.append(0x0C)
    case UInt8(ascii: "n"): scratch.append(.lineFeed)
    case UInt8(ascii: "r"): scratch.append(.carriageReturn)
    case UInt8(ascii: "t"): scratch.append(.tab)
    case UInt8(ascii: "u"): scratch.append(scalar: try escapedScalar(from: start))
    default:
      offset = start + 1
      guard dialect == .json5 else { throw error(.invalidEscape(found(at: offset)), at: start) }
      try escapeOfJSON5(from: start)
    }
  }

  /// Reads what follows the backslash of an escape that only JSON5 knows (JSON5, 5.1).
  private mutating func escapeOfJSON5(from start: Int) throws(JSONSyntaxError) {
    guard let scalar = text.scalar(at: offset) else { return }
    offset += UTF8.width(scalar)
    switch scalar {
    case "v": scratch.append(0x0B)
    case "x": scratch.append(scalar: Unicode.Scalar(UInt8(try hexadecimal(digits: 2))))
    case "0" where next?.decimalDigit == nil: scratch.append(0)
    case "0"..."9": throw error(.invalidEscape(.scalar(scalar)), at: start)
    case "\r": _ = take(.lineFeed)  // A line continuation stands for nothing.
    case _ where scalar.isLineEnd: break
    default: scratch.append(scalar: scalar)
    }
  }

  /// Reads what follows `\u`: four digits, or a surrogate pair.
  mutating func escapedScalar(from start: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
    let unit = UInt16(try hexadecimal(digits: 4))
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard UTF16.isLeadSurrogate(unit), take(.backslash), take(UInt8(ascii: "u")) else {
      throw error(.loneSurrogate(unit), at: start)
    }
    let second = UInt16(try hexadecimal(digits: 4))
    let pair = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(second & 0x3FF))
    guard UTF16.isTrailSurrogate(second), let scalar = Unicode.Scalar(pair) else {
      throw error(.loneSurrogate(unit), at: start)
    }
    return scalar
  }

  private mutating func hexadecimal(digits: Int) throws(JSONSyntaxError) -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<digits {
      guard let digit = next?.hexadecimalDigit else { throw unexpected("a hexadecimal digit") }
      value = value << 4 | digit
      offset += 1
    }
    return value
  }
}

extension [UInt8] {
  mutating func append(scalar: Unicode.Scalar) {
    append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}
