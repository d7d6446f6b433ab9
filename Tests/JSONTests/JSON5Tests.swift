import JSON
import Testing

/// The cases of the json5-tests repository and of the specification's own examples.
@Suite struct JSON5Tests {
  @Test("JSON5 is read", arguments: accepted)
  func accepts(_ text: String, _ expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text, dialect: .json5) == expected)
    #expect(try LocatedJSON(parsing: text, dialect: .json5).value == expected)
  }

  @Test("What JSON5 adds is no JSON", arguments: accepted)
  func isNoJSON(_ text: String, _ expected: JSONValue) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  @Test("What is not JSON5 either is refused", arguments: refused)
  func refuses(_ text: String) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text, dialect: .json5) }
  }

  @Test("NaN is read, with any sign", arguments: ["NaN", "+NaN", "-NaN"])
  func readsNaN(_ text: String) throws {
    let value = try JSONValue(parsing: text, dialect: .json5)
    #expect(value.double?.isNaN == true)
    #expect(value.description == "null")
  }

  @Test("The specification's example is read whole")
  func readsTheExample() throws {
    let text = #"""
      // comments
      {
        unquoted: 'and you can quote me on that',
        singleQuotes: 'I can use "double quotes" here',
        lineBreaks: "Look, Mom! \
      No \\n's!",
        hexadecimal: 0xdecaf,
        leadingDecimalPoint: .8675309, andTrailing: 8675309.,
        positiveSign: +1,
        trailingComma: 'in objects', andIn: ['arrays',],
        "backwardsCompatible": "with JSON",
      }
      """#
    let expected: JSONValue = [
      "unquoted": "and you can quote me on that",
      "singleQuotes": "I can use \"double quotes\" here",
      "lineBreaks": "Look, Mom! No \\n's!",
      "hexadecimal": 0xdecaf,
      "leadingDecimalPoint": 0.8675309, "andTrailing": 8675309.0,
      "positiveSign": 1,
      "trailingComma": "in objects", "andIn": ["arrays"],
      "backwardsCompatible": "with JSON",
    ]
    #expect(try JSONValue(parsing: text, dialect: .json5) == expected)
  }
}

private let accepted: [(String, JSONValue)] = [
  // Comments and space.
  ("// top\n7", 7),
  ("7 // end", 7),
  ("7//", 7),
  ("/* a */ [ /* b */ 1 /* c */ , /* d */ 2 /**/ ] /***/", [1, 2]),
  ("/* [ // */ 1", 1),
  ("/*\n*\n/ **/ 1", 1),
  ("[1 // one\r, 2 // two\u{2028}, 3 // three\u{2029}]", [1, 2, 3]),
  ("{/**/a/**/:/**/1/**/}", ["a": 1]),
  ("\u{B}\u{C}\u{A0}\u{FEFF}\u{2003}\u{3000}\u{2028}\u{2029}1", 1),
  ("[true\u{A0}, 1\u{A0}]", [true, 1]),
  // Trailing commas.
  ("[1,]", [1]),
  ("[[],]", [[]]),
  ("{a: 1,}", ["a": 1]),
  ("{a: {b: 1,} , }", ["a": ["b": 1]]),
  // Keys.
  ("{hello: 1, _under_score: 2, $dollar1: 3}", ["hello": 1, "_under_score": 2, "$dollar1": 3]),
  ("{null: 1, true: 2, Infinity: 3, while: 4}", ["null": 1, "true": 2, "Infinity": 3, "while": 4]),
  ("{ùńîċõďë: 9}", ["ùńîċõďë": 9]),
  ("{a\u{301}\u{200C}\u{203F}٣: 1}", ["a\u{301}\u{200C}\u{203F}٣": 1]),
  (#"{\u0061\u0062: 1, c\u0064: 2, \uD835\uDC9C: 3}"#, ["ab": 1, "cd": 2, "𝒜": 3]),
  ("{'a b': 1}", ["a b": 1]),
  ("{'': 1}", ["": 1]),
  ("{ⅷ: 8}", ["ⅷ": 8]),
  // Strings.
  ("'hello'", "hello"),
  (#"'say "hi"'"#, "say \"hi\""),
  (#"'it\'s'"#, "it's"),
  (#""\'\v\0\x41\x7a""#, "'\u{B}\0Az"),
  (#""\A\C\/\D\C""#, "AC/DC"),
  (#""\é\😀""#, "é😀"),
  ("\"a\\\nb\\\r\nc\\\rd\\\u{2028}e\\\u{2029}f\"", "abcdef"),
  ("'\u{2028}\u{2029}'", "\u{2028}\u{2029}"),
  ("\"\ttab\u{1}\"", "\ttab\u{1}"),
  (#""\0a""#, "\0a"),
  // Numbers.
  ("+7", 7),
  (".5", 0.5),
  ("-.5", -0.5),
  ("5.", 5.0),
  ("+5.e3", 5000.0),
  (".5e-1", 0.05),
  ("0.", 0.0),
  ("0x1F", 31),
  ("0XdecAF", 0xdecaf),
  ("-0xC8", -200),
  ("+0x10", 16),
  ("-0x0", 0),
  ("0x7fffffffffffffff", .integer(.max)),
  ("0x8000000000000000", .unsigned(1 << 63)),
  ("0xffffffffffffffff", .unsigned(.max)),
  ("0x0000000000000000000000000001", 1),
  ("-0x8000000000000000", .integer(.min)),
  ("Infinity", .number(.infinity)),
  ("+Infinity", .number(.infinity)),
  ("-Infinity", .number(-.infinity)),
  ("[Infinity,]", [.number(.infinity)]),
]

private let refused: [String] = [
  // Comments and commas.
  "", "// nothing else", "/* open", "/* open *", "/", "7 /", "/ / 1", "[1 /* ] ", "/*/ 1", "[,]", "[,1]",
  "[1,,]",
  "{,}", "{a:1,,}", "[1 2]", "{,a:1}",
  // Keys.
  "{10twenty: 1}", "{multi-word: 1}", "{a b: 1}", "{a: 1, a: 2}", "{a: 1, 'a': 2}", #"{a: 1, \u0061: 2}"#,
  "{: 1}",
  "{1: 1}", "{a}", "{a:}", #"{\x61: 1}"#, #"{\u0030a: 1}"#, #"{\u002D: 1}"#, "{\u{301}a: 1}", "{\u{200C}: 1}",
  #"{\"#, #"{\u00"#, #"{\uD800: 1}"#, "{a\u{2603}: 1}",
  // Strings.
  "'a", "'a\"", "\"a'", "'a\nb'", "'a\rb'", #"'\"#, #"'\x4'"#, #"'\xg0'"#, #"'\u004'"#, #"'\1'"#, #"'\9'"#,
  #"'\01'"#,
  #"'\uD800'"#, #"'\uDC00'"#, "`a`",
  // Numbers.
  "0x", "0xg", "-0x", "x1", "01", "00", "-01", "010", "098", ".", "+.", "-", "+", "+-1", "--1", "++1", "1e",
  "1e+", ".e1",
  "5..", "1.2.3", "1_000", "512M", "0x10M", "0x1.8", "0b1", "0o7", "1n", "+ 1", "- 1", "+\n1",
  "0x10000000000000000",
  "-0x8000000000000001", "18446744073709551616", "1e999", "-1e999",
  // Words.
  "Infinit", "infinity", "nan", "-nan", "-null", "+true", "Null", "TRUE", "undefined", "always", "-Infinityx",
  "NaNa",
  "[1] 2", "{} {}", "null null", "#comment\n1",
]
