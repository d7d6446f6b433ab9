/// The words of JSON: a cursor over a text that reads one token at a time.
///
/// Strings and numbers have a file each beside this one; how tokens make a document is `JSONReader`'s.
struct JSONLexer {
  let text: JSONText
  let dialect: JSONDialect
  var offset = 0
  /// Where a string with escapes is put together; kept to be used again.
  var scratch: [UInt8] = []

  init(text: JSONText, dialect: JSONDialect) {
    self.text = text
    self.dialect = dialect
  }

  var isAtEnd: Bool { offset == text.end }

  /// The next byte; nil at the end.
  @inline(__always)
  var next: UInt8? { offset < text.end ? text[offset] : nil }

  /// Steps over a byte if it is next.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    offset += 1
    return true
  }

  /// Reads a value that is neither an array nor an object.
  mutating func scalar() throws(JSONSyntaxError) -> JSONScalar {
    guard let next else { throw unexpected("a value") }
    switch (next, dialect) {
    case (.doubleQuote, _), (.singleQuote, .json5): return .string(try string())
    case (.minus, _), (0x30...0x39, _), (.plus, .json5), (.point, .json5): return try number()
    case (_, _) where next.isWord: return try word()
    default: throw unexpected("a value")
    }
  }

  private mutating func word() throws(JSONSyntaxError) -> JSONScalar {
    let start = offset
    switch takeWord() {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "Infinity" where dialect == .json5: return .number(.infinity)
    case "NaN" where dialect == .json5: return .number(.nan)
    default: throw error(.unknownWord(clipped(start..<offset)), at: start)
    }
  }
}

extension JSONLexer {
  /// Steps over letters and digits, as many as there are.
  mutating func takeWord() -> UnsafeBufferPointer<UInt8> {
    let start = offset
    while let byte = next, byte.isWord { offset += 1 }
    return UnsafeBufferPointer(rebasing: text.bytes[start..<offset])
  }

  func error(_ problem: JSONSyntaxError.Problem, at offset: Int) -> JSONSyntaxError {
    JSONSyntaxError(problem, at: text.position(of: offset))
  }

  /// The error that something else stands here.
  func unexpected(_ expected: String) -> JSONSyntaxError {
    error(.unexpected(found: found(at: offset), expected: expected), at: offset)
  }

  func found(at offset: Int) -> JSONSyntaxError.Found {
    text.scalar(at: offset).map(JSONSyntaxError.Found.scalar) ?? .end
  }

  /// The text of a range, cut short when no person would read it all.
  func clipped(_ range: Range<Int>) -> String {
    let limit = 40
    let whole = text.string(range, isASCII: false)
    return whole.unicodeScalars.count > limit ? String(whole.unicodeScalars.prefix(limit)) + "…" : whole
  }
}

/// Compares bytes with a word of the grammar.
func ~= (word: StaticString, bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  word.utf8CodeUnitCount == bytes.count && word.withUTF8Buffer { $0.elementsEqual(bytes) }
}
