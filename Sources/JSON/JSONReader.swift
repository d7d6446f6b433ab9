/// The structure of JSON: how tokens make a document.
///
/// One grammar serves both dialects and both results; the compiler makes a copy for each builder.
struct JSONReader<Builder: JSONBuilder> {
  private var lexer: JSONLexer
  private var builder: Builder
  private let depthLimit: Int
  private let valueLimit: Int

  /// How many values have begun.
  private var valueCount = 0

  init(_ text: JSONText, dialect: JSONDialect, depthLimit: Int, valueLimit: Int = .max) {
    self.valueLimit = valueLimit
    lexer = JSONLexer(text: text, dialect: dialect)
    builder = Builder(text: text)
    self.depthLimit = depthLimit
  }

  /// Reads the whole text, which must hold one value and nothing behind it.
  mutating func document() throws(JSONSyntaxError) -> Builder.Value {
    try lexer.skipSpace()
    let value = try value(depth: 0)
    try lexer.skipSpace()
    guard lexer.isAtEnd else { throw lexer.unexpected("the end of the text") }
    return value
  }

  /// Reads the value that is next, inside so many arrays and objects.
  private mutating func value(depth: Int) throws(JSONSyntaxError) -> Builder.Value {
    let place = builder.place(of: lexer.offset)
    valueCount += 1
    guard valueCount <= valueLimit else {
      throw lexer.error(.tooManyValues(limit: valueLimit), at: lexer.offset)
    }
    switch lexer.next {
    case .openBrace: return try object(at: place, depth: depth)
    case .openBracket: return try array(at: place, depth: depth)
    default: return builder.scalar(try lexer.scalar(), at: place)
    }
  }

  private mutating func array(at place: Builder.Place, depth: Int) throws(JSONSyntaxError) -> Builder.Value {
    try open(depth: depth)
    var elements: [Builder.Value] = []
    if lexer.take(.closeBracket) { return builder.array(elements, at: place) }
    repeat {
      elements.append(try value(depth: depth + 1))
    } while try goesOn(until: .closeBracket, or: "',' or ']'")
    return builder.array(elements, at: place)
  }

  private mutating func object(at place: Builder.Place, depth: Int) throws(JSONSyntaxError) -> Builder.Value {
    try open(depth: depth)
    var members = builder.noMembers()
    if lexer.take(.closeBrace) { return builder.object(members, at: place) }
    var mayClose = true
    repeat {
      let start = lexer.offset
      let keyPlace = builder.place(of: start)
      let key = try lexer.key(mayClose: mayClose)
      guard !builder.contains(key, in: members) else { throw lexer.error(.duplicateKey(key), at: start) }
      try lexer.skipSpace()
      guard lexer.take(.colon) else { throw lexer.unexpected("':'") }
      try lexer.skipSpace()
      builder.append(key, at: keyPlace, value: try value(depth: depth + 1), to: &members)
      mayClose = lexer.dialect == .json5
    } while try goesOn(until: .closeBrace, or: "',' or '}'")
    return builder.object(members, at: place)
  }

  /// Steps over an opening bracket or brace and the space behind it.
  private mutating func open(depth: Int) throws(JSONSyntaxError) {
    guard depth < depthLimit else { throw lexer.error(.tooDeep(limit: depthLimit), at: lexer.offset) }
    lexer.offset += 1
    try lexer.skipSpace()
  }

  /// Steps over what follows an element; false if that closes the array or object.
  private mutating func goesOn(until close: UInt8, or expected: String) throws(JSONSyntaxError) -> Bool {
    try lexer.skipSpace()
    if lexer.take(close) { return false }
    guard lexer.take(.comma) else { throw lexer.unexpected(expected) }
    try lexer.skipSpace()
    return !(lexer.dialect == .json5 && lexer.take(close))
  }
}
