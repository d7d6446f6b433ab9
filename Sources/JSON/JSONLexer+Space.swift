extension JSONLexer {
  /// Steps over what separates tokens: white space, and in JSON5 comments.
  @inline(__always)
  mutating func skipSpace() throws(JSONSyntaxError) {
    while let byte = next {
      switch byte {
      case .space, .lineFeed, .carriageReturn, .tab: offset += 1
      default: guard dialect == .json5, try skipJSON5Space(byte) else { return }
      }
    }
  }

  /// Steps over a comment or a space that only JSON5 knows; false if neither is next.
  private mutating func skipJSON5Space(_ byte: UInt8) throws(JSONSyntaxError) -> Bool {
    switch byte {
    case 0x0B, 0x0C:
      offset += 1
    case .slash:
      try skipComment()
    case 0x80...:
      guard let scalar = text.scalar(at: offset), scalar.isJSON5Space else { return false }
      offset += UTF8.width(scalar)
    default:
      return false
    }
    return true
  }

  private mutating func skipComment() throws(JSONSyntaxError) {
    let start = offset
    offset += 1
    if take(.slash) {
      while let scalar = text.scalar(at: offset), !scalar.isLineEnd { offset += UTF8.width(scalar) }
      return
    }
    guard take(.asterisk) else { throw unexpected("'/' or '*' to make a comment") }
    while !isAtEnd {
      if take(.asterisk) {
        if take(.slash) { return }
      } else {
        offset += 1
      }
    }
    throw error(.unterminatedComment, at: start)
  }
}

extension Unicode.Scalar {
  /// Whether JSON5 ends a line here (JSON5, 5.1: LineTerminator).
  var isLineEnd: Bool {
    switch self {
    case "\n", "\r", "\u{2028}", "\u{2029}": true
    default: false
    }
  }

  fileprivate var isJSON5Space: Bool {
    self == "\u{FEFF}" || isLineEnd || properties.generalCategory == .spaceSeparator
  }
}
