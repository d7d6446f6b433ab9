extension JSONLexer {
  /// Reads the key of a member: a string, and in JSON5 also a bare identifier.
  ///
  /// Where the object `mayClose` as well, the error that no key is here says so.
  mutating func key(mayClose: Bool) throws(JSONSyntaxError) -> String {
    switch (next, dialect) {
    case (.doubleQuote, _), (.singleQuote, .json5): return try string()
    case (_, .json5): if let name = try identifier() { return name }
    case (_, .json): break
    }
    let key = dialect == .json ? "a key in double quotes" : "a key"
    throw unexpected(mayClose ? key + " or '}'" : key)
  }

  /// Reads an ECMAScript 5.1 IdentifierName; nil if none is next.
  private mutating func identifier() throws(JSONSyntaxError) -> String? {
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
    return name.isEmpty ? nil : String(name)
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
