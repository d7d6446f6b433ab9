import JSON
import Testing

/// Random input; each test's seed is its argument, which a failure prints.
@Suite struct FuzzTests {
  @Test("A random value reads back equal from each way of writing it", arguments: [1, 2, 3, 4] as [UInt64])
  func roundTrips(seed: UInt64) throws {
    var generator = RandomJSON(seed: seed)
    for _ in 0..<500 {
      let value = generator.value()
      let bytes = value.bytes()
      #expect(try JSONValue(parsing: bytes) == value)
      #expect(try JSONValue(parsing: bytes).bytes() == bytes)
      #expect(try JSONValue(parsing: bytes, dialect: .json5) == value)
      #expect(try JSONValue(parsing: value.pretty()) == value)
      #expect(try LocatedJSON(parsing: bytes).value == value)
    }
  }

  @Test(
    "Damaged text is an error inside the text or a value that reads back equal",
    arguments: [11, 12, 13, 14] as [UInt64])
  func survivesDamage(seed: UInt64) throws {
    var generator = RandomJSON(seed: seed)
    for _ in 0..<300 {
      let text = Bool.random(using: &generator.random) ? generator.value().bytes() : Array(json5.utf8)
      for _ in 0..<10 {
        let damaged = damage(text, using: &generator.random)
        try check(damaged, .json)
        try check(damaged, .json5)
      }
    }
  }

  @Test("Bytes that never were JSON do no harm", arguments: [21, 22] as [UInt64])
  func survivesNoise(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let alphabet =
      Array(#"[]{},:"'\/*-+.0123456789eExXuUIN_$ntfabc"#.utf8) + [0x0A, 0x0D, 0x20, 0x00, 0xC3, 0xA9, 0xFF]
    for _ in 0..<10_000 {
      let length = Int.random(in: 0..<12, using: &random)
      let noise = (0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
      try check(noise, .json)
      try check(noise, .json5)
    }
  }

  @Test("Every prefix of a document is an error, at each of its bytes", arguments: [31, 32] as [UInt64])
  func refusesPrefixes(seed: UInt64) {
    var generator = RandomJSON(seed: seed)
    for _ in 0..<40 {
      // In brackets, because a prefix of a bare number may be a number.
      let text = JSONValue.array([generator.value()]).bytes()
      for length in 0..<text.count {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text[..<length]) }
        #expect(throws: JSONSyntaxError.self) { try LocatedJSON(parsing: text[..<length], dialect: .json5) }
      }
    }
    for length in 0..<json5.utf8.count {
      #expect(throws: JSONSyntaxError.self) {
        try JSONValue(parsing: json5.utf8.prefix(length), dialect: .json5)
      }
    }
  }

  @Test("Bytes in several pieces of storage are read as those in one")
  func readsAnyCollection() throws {
    let bytes = Array(#"{"a": [1, "é\n"]}"#.utf8)
    let expected: JSONValue = ["a": [1, "é\n"]]
    #expect(try JSONValue(parsing: bytes) == expected)
    #expect(try JSONValue(parsing: bytes[...]) == expected)
    #expect(try JSONValue(parsing: bytes.lazy.map { $0 }) == expected)
    #expect(try bytes.withUnsafeBytes { try JSONValue(parsing: $0) } == expected)
    #expect(try JSONValue(parsing: ([0x20, 0x20] + bytes).dropFirst(2)) == expected)
  }

  /// Reads bytes that may be anything, and expects what holds of any.
  private func check(_ bytes: [UInt8], _ dialect: JSONDialect) throws {
    let shown = Comment(rawValue: "\(dialect): \(String(decoding: bytes, as: UTF8.self))")
    let reading = Result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes, dialect: dialect) }
    switch reading {
    case .success(let value):
      let written = value.bytes()
      let back = try JSONValue(parsing: written)
      // An infinity comes back as null, so in JSON5 only the bytes are the same.
      #expect(back.bytes() == written, shown)
      #expect(dialect == .json5 || back == value, shown)
      #expect(try LocatedJSON(parsing: bytes, dialect: dialect).value.bytes() == written, shown)
      if dialect == .json { #expect(try JSONValue(parsing: bytes, dialect: .json5) == value, shown) }
    case .failure(let error):
      let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
      #expect((1...lines).contains(error.position.line), shown)
      #expect((1...bytes.count + 1).contains(error.position.column), shown)
      #expect(throws: error, shown) { try LocatedJSON(parsing: bytes, dialect: dialect) }
    }
  }

  /// The text after one to three small accidents.
  private func damage(_ text: [UInt8], using random: inout SplitMix64) -> [UInt8] {
    var text = text
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: 0...text.count, using: &random)
      let end = min(text.count, place + Int.random(in: 0..<8, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: text.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
      case 1: text.removeSubrange(place..<end)
      case 2: text.insert(contentsOf: text[place..<end], at: Int.random(in: 0...text.count, using: &random))
      case 3:
        text.replaceSubrange(
          place..<end, with: [UInt8](#"[]{},:"'\-."#.utf8).shuffled(using: &random).prefix(2))
      default: if place < text.count { text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
      }
    }
    return text
  }
}

/// A little of everything that only JSON5 has.
private let json5 = #"""
  // é
  {a: 'b\x41\u00e9\
  c', $_: [+1, -.5, 5., 0xFf, -Infinity, /* * */ 1e3,], "d\ud83d\ude39": {é: null, f\u0067: true,}, 'h': "\'\0",}
  """#
