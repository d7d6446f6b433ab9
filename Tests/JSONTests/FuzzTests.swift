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
      let damaged = (0..<10).map { _ in damage(text, using: &generator.random) }
      #expect(try damaged.flatMap(complaints) == [])
    }
  }

  @Test("Bytes that never were JSON do no harm", arguments: [21, 22] as [UInt64])
  func survivesNoise(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let alphabet =
      Array(#"[]{},:"'\/*-+.0123456789eExXuUIN_$ntfabc"#.utf8) + [0x0A, 0x0D, 0x20, 0x00, 0xC3, 0xA9, 0xFF]
    let noise = (0..<10_000).map { _ in
      (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        alphabet[Int.random(in: alphabet.indices, using: &random)]
      }
    }
    #expect(try noise.flatMap(complaints) == [])
  }

  @Test("Every prefix of a document is an error, at each of its bytes", arguments: [31, 32] as [UInt64])
  func refusesPrefixes(seed: UInt64) {
    var generator = RandomJSON(seed: seed)
    // In brackets, because a prefix of a bare number may be a number.
    let texts = (0..<40).map { _ in JSONValue.array([generator.value()]).bytes() } + [Array(json5.utf8)]
    for text in texts {
      let read = text.indices.filter { length in
        // A prefix that is read is the failure here; why the others are refused does not matter.
        (try? JSONValue(parsing: text[..<length])) != nil
          || (try? LocatedJSON(parsing: text[..<length], dialect: .json5)) != nil
      }
      #expect(read == [])
      #expect(throws: Never.self) { try JSONValue(parsing: text, dialect: .json5) }
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

  private func complaints(_ bytes: [UInt8]) throws -> [String] {
    try [complaint(bytes, .json), complaint(bytes, .json5)].compactMap(\.self)
  }

  /// Reads bytes that may be anything, and says which of the promises that hold for any is broken.
  private func complaint(_ bytes: [UInt8], _ dialect: JSONDialect) throws -> String? {
    func complaint(_ promise: String) -> String {
      "\(promise), as \(dialect): \(String(decoding: bytes, as: UTF8.self))"
    }
    let reading = Result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes, dialect: dialect) }
    let located = Result { () throws(JSONSyntaxError) in try LocatedJSON(parsing: bytes, dialect: dialect) }
    switch (reading, located) {
    case (.success(let value), .success(let located)):
      let written = value.bytes()
      let back = try JSONValue(parsing: written)
      // An infinity comes back as null, so in JSON5 only the bytes are the same.
      guard back.bytes() == written else { return complaint("reads back with the same bytes") }
      guard located.value.bytes() == written else { return complaint("is the same with positions") }
      guard dialect == .json else { return nil }
      guard back == value else { return complaint("reads back equal") }
      return try JSONValue(parsing: bytes, dialect: .json5) == value ? nil : complaint("is JSON5 too")
    case (.failure(let error), .failure(let same)):
      let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
      guard (1...lines).contains(error.position.line), (1...bytes.count + 1).contains(error.position.column)
      else { return complaint("stands inside the text: \(error)") }
      return error == same ? nil : complaint("is the same error with positions: \(error), \(same)")
    default:
      return complaint("is read or refused with positions as without")
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
