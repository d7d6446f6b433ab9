import JSON
import Testing

@Suite struct SyntaxErrorTests {
  @Test("A syntax error in JSON says what and where", arguments: inJSON)
  func explains(_ text: String, _ message: String) {
    #expect { try JSONValue(parsing: text) } throws: { "\($0)" == message }
  }

  @Test("A syntax error in JSON5 says what and where", arguments: inJSON5)
  func explainsJSON5(_ text: String, _ message: String) {
    #expect { try JSONValue(parsing: text, dialect: .json5) } throws: { "\($0)" == message }
    #expect { try LocatedJSON(parsing: text, dialect: .json5) } throws: { "\($0)" == message }
  }

  @Test(
    "A byte that is no UTF-8 is named, with its place",
    arguments: [
      ([0x22, 0xC3, 0xA9, 0xFF, 0x22], "1:3: byte 0xff is not valid UTF-8 here"),
      ([0x5B, 0x0A, 0x22, 0xE2, 0x82, 0x22, 0x5D], "2:2: byte 0xe2 is not valid UTF-8 here"),
      ([0x80], "1:1: byte 0x80 is not valid UTF-8 here"),
      ([0x31, 0x0D, 0x0A, 0xC0, 0x80], "2:1: byte 0xc0 is not valid UTF-8 here"),
    ] as [([UInt8], String)])
  func namesBytes(_ bytes: [UInt8], _ message: String) {
    #expect { try JSONValue(parsing: bytes) } throws: { "\($0)" == message }
    #expect { try LocatedJSON(parsing: bytes, dialect: .json5) } throws: { "\($0)" == message }
  }

  @Test("An error holds facts, not only a sentence")
  func holdsFacts() {
    let unexpected = JSONSyntaxError.Problem.unexpected(found: .scalar("}"), expected: "a value")
    #expect(throws: JSONSyntaxError(unexpected, at: JSONPosition(line: 1, column: 6))) {
      try JSONValue(parsing: #"{"a":}"#)
    }
    #expect(throws: JSONSyntaxError(.duplicateKey("a"), at: JSONPosition(line: 1, column: 9))) {
      try JSONValue(parsing: #"{"a":1, "\u0061":2}"#)
    }
  }
}

private let inJSON: [(String, String)] = [
  // Structure.
  ("", "1:1: expected a value, found the end of the text"),
  (" \n ", "2:2: expected a value, found the end of the text"),
  ("[1, 2", "1:6: expected ',' or ']', found the end of the text"),
  ("[1 2]", "1:4: expected ',' or ']', found '2'"),
  ("[1,]", "1:4: expected a value, found ']'"),
  ("{\"a\": 1\n \"b\": 2}", "2:2: expected ',' or '}', found '\"'"),
  ("{\"a\" 1}", "1:6: expected ':', found '1'"),
  ("{a: 1}", "1:2: expected a key in double quotes or '}', found 'a'"),
  ("{\"a\": 1,}", "1:9: expected a key in double quotes, found '}'"),
  ("[1] x", "1:5: expected the end of the text, found 'x'"),
  ("['a']", "1:2: expected a value, found \"'\""),
  ("[+1]", "1:2: expected a value, found '+'"),
  ("[\u{0}]", "1:2: expected a value, found U+0000"),
  ("\u{FEFF}[]", "1:1: expected a value, found U+FEFF"),
  ("[\u{A0}1]", "1:2: expected a value, found U+00A0"),
  ("[😀]", "1:2: expected a value, found '😀'"),
  ("[\u{F0000}]", "1:2: expected a value, found U+F0000"),
  ("[1] // x", "1:5: expected the end of the text, found '/'"),
  // Where: every kind of line end, and scalars of every length.
  ("[\n\n  x]", "3:3: expected a value, found the word 'x'; a string needs quotes"),
  ("[\r\n\r\n  x]", "3:3: expected a value, found the word 'x'; a string needs quotes"),
  ("[\r\r  x]", "3:3: expected a value, found the word 'x'; a string needs quotes"),
  ("[\n\r\n\n\r x]", "5:2: expected a value, found the word 'x'; a string needs quotes"),
  ("[\"aé€😀\" x]", "1:9: expected ',' or ']', found 'x'"),
  ("[\"¿\u{FFFF}\" x]", "1:7: expected ',' or ']', found 'x'"),
  // Words.
  ("[nul]", "1:2: expected a value, found the word 'nul'; a string needs quotes"),
  ("[trueish]", "1:2: expected a value, found the word 'trueish'; a string needs quotes"),
  ("NaN", "1:1: expected a value, found the word 'NaN'; a string needs quotes"),
  (
    String(repeating: "x", count: 99),
    "1:1: expected a value, found the word '\(String(repeating: "x", count: 40))…'; a string needs quotes"
  ),
  // Numbers.
  ("{\"m\": 512M}", "1:7: '512M' is not a number; a string needs quotes"),
  ("[01]", "1:2: '01' is not a number; a string needs quotes"),
  ("[-]", "1:2: '-' is not a number; a string needs quotes"),
  ("[1.]", "1:2: '1.' is not a number; a string needs quotes"),
  ("[1.2.3, 4]", "1:2: '1.2.3' is not a number; a string needs quotes"),
  ("[1e+]", "1:2: '1e+' is not a number; a string needs quotes"),
  ("[ 18446744073709551616]", "1:3: the number 18446744073709551616 is out of range"),
  ("[-9223372036854775809]", "1:2: the number -9223372036854775809 is out of range"),
  ("1e400", "1:1: the number 1e400 is out of range"),
  // Strings.
  ("[1, \"abc", "1:5: the string that begins here has no end"),
  ("\"a\\", "1:1: the string that begins here has no end"),
  ("\"a\nb\"", "1:3: a string cannot hold U+000A unescaped"),
  ("\"a\tb\"", "1:3: a string cannot hold U+0009 unescaped"),
  ("\"\u{1F}\"", "1:2: a string cannot hold U+001F unescaped"),
  ("\"\\n\u{1F}\"", "1:4: a string cannot hold U+001F unescaped"),
  (#""\x41""#, "1:2: a backslash with 'x' after it is not an escape"),
  (#""\é""#, "1:2: a backslash with 'é' after it is not an escape"),
  (#""\u12G4""#, "1:6: expected a hexadecimal digit, found 'G'"),
  (#""\u12"#, "1:6: expected a hexadecimal digit, found the end of the text"),
  (#""a\uD800""#, #"1:3: \uD800 is half of a surrogate pair without its other half"#),
  (#""a\udc00\ud800""#, #"1:3: \uDC00 is half of a surrogate pair without its other half"#),
  (#""a\ud800\u0041""#, #"1:3: \uD800 is half of a surrogate pair without its other half"#),
  // Keys.
  ("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", "3:2: the key \"a\" is there twice"),
  (#"{"é\n": 1, "é\n": {}"#, #"1:12: the key "é\n" is there twice"#),
]

private let inJSON5: [(String, String)] = [
  ("{\n  a: 1\n  b: 2\n}", "3:3: expected ',' or '}', found 'b'"),
  ("{10: 1}", "1:2: expected a key or '}', found '1'"),
  ("{a: 1, -: 2}", "1:8: expected a key or '}', found '-'"),
  ("{a b}", "1:4: expected ':', found 'b'"),
  ("{a: 1, a: 2}", "1:8: the key \"a\" is there twice"),
  ("{restart: always}", "1:11: expected a value, found the word 'always'; a string needs quotes"),
  ("{memory: 512M}", "1:10: '512M' is not a number; a string needs quotes"),
  ("[0x]", "1:2: '0x' is not a number; a string needs quotes"),
  ("[0xFG]", "1:2: '0xFG' is not a number; a string needs quotes"),
  ("[-0x8000000000000001]", "1:2: the number -0x8000000000000001 is out of range"),
  ("[+-1]", "1:2: '+-1' is not a number; a string needs quotes"),
  ("[-x]", "1:2: '-x' is not a number; a string needs quotes"),
  ("[-Inf]", "1:2: '-Inf' is not a number; a string needs quotes"),
  ("// é\n/* a\n b", "2:1: the comment that begins here has no end"),
  ("1 / 2", "1:4: expected '/' or '*' to make a comment, found ' '"),
  ("'a\nb'", "1:3: a string cannot hold U+000A unescaped"),
  ("['a]", "1:2: the string that begins here has no end"),
  (#"'\1'"#, "1:2: a backslash with '1' after it is not an escape"),
  (#"'\xZ'"#, "1:4: expected a hexadecimal digit, found 'Z'"),
  (#"{\x: 1}"#, "1:2: a backslash with 'x' after it is not an escape"),
  (#"{a\u002D: 1}"#, "1:3: expected a letter of a key, found '-'"),
  ("\u{2028}\u{2029}x", "1:3: expected a value, found the word 'x'; a string needs quotes"),
]
