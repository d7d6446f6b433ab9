import JSON
import Testing

@Suite struct NumberTests {
  @Test("An integer is exact as far as Int64 and UInt64 go", arguments: integers)
  func readsIntegers(_ text: String, _ expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == expected)
    #expect(try JSONValue(parsing: text, dialect: .json5) == expected)
  }

  @Test("A fraction or an exponent makes the nearest double", arguments: doubles)
  func readsDoubles(_ text: String, _ expected: Double) throws {
    let value = try JSONValue(parsing: text)
    guard case .number(let number) = value else {
      Issue.record("\(text) was read as \(value)")
      return
    }
    #expect(number.bitPattern == expected.bitPattern)
  }

  @Test("What neither holds is refused, not rounded", arguments: outOfRange)
  func refuses(_ text: String) {
    #expect { try JSONValue(parsing: text) } throws: {
      ($0 as? JSONSyntaxError)?.problem == .numberOutOfRange(text)
    }
  }

  @Test("A number is written with digits that read back the same", arguments: written)
  func writes(_ value: JSONValue, _ text: String) throws {
    #expect(value.description == text)
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test(
    "Every double reads back the same bits, whatever its size", arguments: [0x9E37_79B9_7F4A_7C15 as UInt64])
  func roundTrips(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let doubles = (0..<20_000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
    let changed = try doubles.filter { double in
      guard case .number(let back) = try JSONValue(parsing: JSONValue(double).bytes()) else { return true }
      return back.bitPattern != double.bitPattern
    }
    #expect(changed == [])
  }

  @Test("Short decimals are read as the compiler reads them", arguments: [0xD1B5_4A32_D192_ED03 as UInt64])
  func agreesWithTheLibrary(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let texts = (0..<20_000).map { _ in
      let whole = random.next() >> UInt64.random(in: 0..<64, using: &random)
      let fraction = random.next() >> UInt64.random(in: 0..<64, using: &random)
      return "\(whole).\(fraction)e\(Int.random(in: -40...40, using: &random))"
    }
    #expect(try texts.filter { try JSONValue(parsing: $0).double != Double($0) } == [])
  }

  @Test("An infinity or a NaN is written as null", arguments: [Double.infinity, -.infinity, .nan])
  func writesNull(_ value: Double) {
    #expect(JSONValue(value).description == "null")
    #expect(JSONValue.array([.number(value)]).description == "[null]")
  }
}

private let integers: [(String, JSONValue)] = [
  ("0", .integer(0)),
  ("-0", .integer(0)),
  ("9007199254740993", .integer(9_007_199_254_740_993)),
  ("-9007199254740993", .integer(-9_007_199_254_740_993)),
  ("9223372036854775807", .integer(.max)),
  ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
  ("18446744073709551615", .unsigned(.max)),
  ("-9223372036854775807", .integer(.min + 1)),
  ("-9223372036854775808", .integer(.min)),
  ("1000000000000000000", .integer(1_000_000_000_000_000_000)),
]

private let doubles: [(String, Double)] = [
  ("0.0", 0),
  ("-0.0", -0.0),
  ("-0e0", -0.0),
  ("1.0", 1),
  ("1e0", 1),
  ("0.1", 0.1),
  ("0.3", 0.3),
  ("123.456", 123.456),
  ("9007199254740992.0", 0x1p53),
  ("9007199254740993.0", 0x1p53),
  ("9007199254740993.0000000000000000000000000001", 0x1.0000000000001p53),
  ("9007199254740995.0", 0x1.0000000000002p53),
  ("1e22", 1e22),
  ("1e23", 1e23),
  ("1e-22", 1e-22),
  ("1e-23", 1e-23),
  ("8.5e22", 8.5e22),
  ("1.7976931348623157e308", .greatestFiniteMagnitude),
  ("1.7976931348623158e308", .greatestFiniteMagnitude),
  ("2.2250738585072014e-308", .leastNormalMagnitude),
  ("2.2250738585072011e-308", Double.leastNormalMagnitude.nextDown),
  ("5e-324", .leastNonzeroMagnitude),
  ("2.4703282292062327e-324", 0),
  ("2.4703282292062328e-324", .leastNonzeroMagnitude),
  ("1e-400", 0),
  ("-1e-400", -0.0),
  ("0e400", 0),
  ("0e99999999999999999999", 0),
  ("1e-99999999999999999999", 0),
  ("100000000000000000000000.0", 1e23),
  ("0." + String(repeating: "0", count: 400) + "1e401", 1),
  ("1" + String(repeating: "0", count: 400) + "e-400", 1),
  ("0.500000000000000166533453693773481063544750213623046875", 0.5000000000000002),
  ("3.14159265358979323846264338327950288419716939937510", .pi),
]

private let outOfRange = [
  "18446744073709551616", "-9223372036854775809", "99999999999999999999", "184467440737095516150", "1e309",
  "-1e309", "1.7976931348623159e308", "1e99999999999999999999",
]

private let written: [(JSONValue, String)] = [
  (0, "0"),
  (-1, "-1"),
  (.integer(.min), "-9223372036854775808"),
  (.integer(.max), "9223372036854775807"),
  (.unsigned(.max), "18446744073709551615"),
  (.unsigned(5), "5"),
  (1.0, "1.0"),
  (-0.0, "-0.0"),
  (0.1, "0.1"),
  (1e16, "1e+16"),
  (1e-7, "1e-07"),
  (.number(.leastNonzeroMagnitude), "5e-324"),
  (.number(.greatestFiniteMagnitude), "1.7976931348623157e+308"),
]
