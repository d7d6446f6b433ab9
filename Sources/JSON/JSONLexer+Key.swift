extension JSONLexer {
  /// Reads the key of a member: a string, and in JSON5 also a bare identifier.
  mutating func key(orClose close: String) throws(JSONSyntaxError) -> String {
    switch (next, dialect) {
    case (.doubleQuote, _), (.singleQuote, .json5): return try string()
    case (_, .json): throw unexpected("a key in double quotes\(close)")
    case (_, .json5): return try identifier(orClose: close)
    }
  }

  /// Reads an ECMAScript 5.1 IdentifierName.
  private mutating func identifier(orClose close: String) throws(JSONSyntaxError) -> String {
    var name = String.UnicodeScalarView()
    while let scalar = text.scalar(at: offset) {
      let start = offset
      var part = scalar
      if take(.backslash) {
        guard take(UInt8(ascii: "u")) else { throw error(.invalidEscape(found(at: offset)), at: start) }
        part = try escapedScalar(from: start)
        guard part.continuesIdentifier(isFirst: name.isEmpty) else {
          throw error(.unexpected(found: .scalar(part), expected: "a letter of a key"), at: start)
        }
      } else {
        guard part.continuesIdentifier(isFirst: name.isEmpty) else { break }
        offset += UTF8.width(scalar)
      }
      name.append(part)
    }
    guard !name.isEmpty else { throw unexpected("a key\(close)") }
    return String(name)
  }
}

extension Unicode.Scalar {
  /// Whether the scalar may stand in an identifier, or begin one.
  fileprivate func continuesIdentifier(isFirst: Bool) -> Bool {
    switch self {
    case "a"..."z", "A"..."Z", "_", "$": return true
    case "0"..."9", "\u{200C}", "\u{200D}": return !isFirst
    default: break
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber:
      return true
    case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation:
      return !isFirst
    default:
      return false
    }
  }
}
