import JSON
import Testing

/// The cases of JSONTestSuite (Nicolas Seriot, "Parsing JSON is a Minefield").
///
/// Its `y_` cases must be read and its `n_` cases refused; of what it leaves open (`i_`) this reader takes what it
/// can keep exact or rounds to the nearest double, and refuses the rest. It also refuses the suite's
/// `y_object_duplicated_key`: of two values of one key a program cannot know which was meant.
@Suite struct ConformanceTests {
  @Test("A valid text is read", arguments: accepted)
  func accepts(_ text: String, _ expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == expected)
  }

  @Test("An invalid text is refused", arguments: refused)
  func refuses(_ text: String) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  @Test("Bytes that are not UTF-8 are refused", arguments: notUTF8)
  func refusesBytes(_ bytes: [UInt8]) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes, dialect: .json5) }
  }

  @Test("What JSON reads, JSON5 reads as the same value", arguments: accepted)
  func isSubset(_ text: String, _ expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text, dialect: .json5) == expected)
    #expect(try LocatedJSON(parsing: text).value == expected)
  }
}

private let accepted: [(String, JSONValue)] = [
  // Arrays.
  ("[[]   ]", [[]]),
  (#"[""]"#, [""]),
  ("[]", []),
  (#"["a"]"#, ["a"]),
  ("[false]", [false]),
  (#"[null, 1, "1", {}]"#, [nil, 1, "1", [:]]),
  ("[null]", [nil]),
  ("[1\n]", [1]),
  (" [1]", [1]),
  ("[1,null,null,null,2]", [1, nil, nil, nil, 2]),
  ("[2] ", [2]),
  // Numbers.
  ("[123e65]", [123e65]),
  ("[0e+1]", [0.0]),
  ("[0e1]", [0.0]),
  ("[ 4]", [4]),
  (
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]",
    [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
  ),
  ("[20e1]", [200.0]),
  ("[-0]", [0]),
  ("[-123]", [-123]),
  ("[-1]", [-1]),
  ("[-0.0]", [-0.0]),
  ("[1E22]", [1e22]),
  ("[1E-2]", [0.01]),
  ("[1E+2]", [100.0]),
  ("[123e45]", [123e45]),
  ("[123.456e78]", [123.456e78]),
  ("[1e-2]", [0.01]),
  ("[1e+2]", [100.0]),
  ("[123]", [123]),
  ("[123.456789]", [123.456789]),
  // Objects.
  (#"{"asd":"sdf", "dfg":"fgh"}"#, ["asd": "sdf", "dfg": "fgh"]),
  (#"{"asd":"sdf"}"#, ["asd": "sdf"]),
  ("{}", [:]),
  (#"{"":0}"#, ["": 0]),
  (#"{"foo\u0000bar": 42}"#, ["foo\0bar": 42]),
  (#"{ "min": -1.0e+28, "max": 1.0e+28 }"#, ["min": -1.0e28, "max": 1.0e28]),
  (#"{"x":[{"id": "xxx"}], "id": "xxx"}"#, ["x": [["id": "xxx"]], "id": "xxx"]),
  (#"{"a":[]}"#, ["a": []]),
  (
    #"{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430 \u0417\u0435\u043c\u043b\u0435\u043a\u043e\u043f\u0430" }"#,
    ["title": "Полтора Землекопа"]
  ),
  ("{\n\"a\": \"b\"\n}", ["a": "b"]),
  // Strings.
  (#"["\u0060\u012a\u12AB"]"#, ["`Īካ"]),
  (#"["\uD801\udc37"]"#, ["\u{10437}"]),
  (#"["\ud83d\ude39\ud83d\udc8d"]"#, ["😹💍"]),
  (#"["\"\\\/\b\f\n\r\t"]"#, ["\"\\/\u{8}\u{C}\n\r\t"]),
  (#"["\\u0000"]"#, [#"\u0000"#]),
  (#"["\""]"#, ["\""]),
  ("[\"a/*b*/c/*d//e\"]", ["a/*b*/c/*d//e"]),
  (#"["\\a"]"#, ["\\a"]),
  (#"["\\n"]"#, ["\\n"]),
  (#"["\u0012"]"#, ["\u{12}"]),
  (#"["\uFFFF"]"#, ["\u{FFFF}"]),
  (#"[ "asd"]"#, ["asd"]),
  (#"["\uDBFF\uDFFF"]"#, ["\u{10FFFF}"]),
  (#"["new\u00A0line"]"#, ["new\u{A0}line"]),
  ("[\"\u{10FFFF}\"]", ["\u{10FFFF}"]),
  ("[\"\u{FFFF}\"]", ["\u{FFFF}"]),
  (#"["\u0000"]"#, ["\0"]),
  (#"["\u002c"]"#, [","]),
  ("[\"π\"]", ["π"]),
  ("[\"\u{1BFFF}\"]", ["\u{1BFFF}"]),
  (#"["asd "]"#, ["asd "]),
  (#"" ""#, " "),
  (#"["\uD834\uDd1e"]"#, ["\u{1D11E}"]),
  (#"["\u0821"]"#, ["\u{821}"]),
  (#"["\u0123"]"#, ["\u{123}"]),
  ("[\"\u{2028}\"]", ["\u{2028}"]),
  ("[\"\u{2029}\"]", ["\u{2029}"]),
  (#"["\u0061\u30af\u30EA\u30b9"]"#, ["aクリス"]),
  ("[\"new\u{7F}line\"]", ["new\u{7F}line"]),
  (#"["\uA66D"]"#, ["\u{A66D}"]),
  (#"["\u005C"]"#, ["\\"]),
  ("[\"⍂㈴⍂\"]", ["⍂㈴⍂"]),
  (#"["\u200B"]"#, ["\u{200B}"]),
  (#"["\u2064"]"#, ["\u{2064}"]),
  (#"["\uFDD0"]"#, [.string(String(decoding: [0xEF, 0xB7, 0x90] as [UInt8], as: UTF8.self))]),
  (#"["\uFFFE"]"#, ["\u{FFFE}"]),
  (#"["\uD83F\uDFFE"]"#, ["\u{1FFFE}"]),
  (#"["\uDBFF\uDFFE"]"#, ["\u{10FFFE}"]),
  (#"["\u0022"]"#, ["\""]),
  ("[\"€𝄞\"]", ["€𝄞"]),
  ("[\"aa\u{7F}\"]", ["aa\u{7F}"]),
  // Structure.
  ("false", false),
  ("42", 42),
  ("-0.1", -0.1),
  ("null", nil),
  (#""asd""#, "asd"),
  ("true", true),
  (#""""#, ""),
  ("[\"a\"]\n", ["a"]),
  ("[true]", [true]),
  (" [] ", []),
  // Left open by the suite, and read: rounded to the nearest double.
  ("[123e-10000000]", [0.0]),
  ("[123.456e-789]", [0.0]),
  (
    "[0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000001]",
    [1e-86]
  ),
]

private let refused: [String] = [
  // Arrays.
  "[1 true]", #"["": 1]"#, #"[""],"#, "[,1]", "[1,,2]", #"["x",,]"#, #"["x"]]"#, #"["",]"#, #"["x""#, "[x",
  "[3[4]]", "[,]", "[-]", "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]", "[1,,]", "[\"\u{B}a\"\\f]", "[*]",
  #"["""#,
  "[1,", "[1,\n1\n,1", "[{}", "[fals]", "[nul]", "[tru]",
  // Numbers.
  "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]", "[0.1.2]",
  "[0.3e+]",
  "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[1.0e+]", "[1.0e-]", "[1.0e]", "[1 000.0]",
  "[1eE2]",
  "[2.e+3]", "[2.e-3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[\u{FF11}]", "[1+2]", "[0x1]", "[0x42]",
  "[Infinity]", "[0e+-1]", "[-123.123foo]", "[123\u{0}]", "[-Infinity]", "[-foo]", "[- 1]", "[-012]",
  "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]", "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", "[2.e]",
  // Objects.
  #"["x", truth]"#, "{[: \"x\"}\n", #"{"x", null}"#, #"{"x"::"b"}"#, "{🇨🇭}", #"{"a":"a" 123}"#,
  "{key: 'value'}",
  #"{"a" b}"#, #"{:"b"}"#, #"{"a" "b"}"#, #"{"a":"#, #"{"a""#, "{1:1}", "{9999E9999:1}",
  "{null:null,null:null}",
  #"{"id":0,,,,,}"#, "{'a':0}", #"{"id":0,}"#, #"{"a":"b"}/**/"#, #"{"a":"b"}/**//"#, #"{"a":"b"}//"#,
  #"{"a":"b"}/"#, #"{"a":"b",,"c":"d"}"#, #"{a: "b"}"#, #"{"a":"a"#, #"{ "foo" : "bar", "a" }"#,
  #"{"a":"b"}#"#, #"{"a":"b","a":"c"}"#, #"{"a":"b","a":"b"}"#,
  // Strings.
  " ", #"["\uD800\"]"#, #"["\uD800\u"]"#, #"["\uD800\u1"]"#, #"["\uD800\u1x"]"#, "[é]", "[\"\\\u{0}\"]",
  #"["\x00"]"#, #"["\\\"]"#, "[\"\\\t\"]", #"["\🌀"]"#, #"["\"]"#, #"["\u00A"]"#, #"["\uD834\uDd"]"#,
  #"["\uD800\uD800\x"]"#, #"["\a"]"#, #"["\uqqqq"]"#, "[\\u0020\"asd\"]", #"[\n]"#, #"""#,
  "['single quote']",
  "abc", #"["\"#, "[\"a\u{0}a\"]", "[\"new\nline\"]", "[\"\t\"]", #""\UA66D""#, #""x"#,
  // Structure.
  "<.>", "[<null>]", "[1]x", "[1]]", "[\"asd]", "aå", "[True]", "1]", #"{"x": true,"#, "[][]", "]",
  "\u{FEFF}{}",
  "[", "", "[\u{0}]", "2@", "{}}", #"{"":"#, #"{"a":/*comment*/"b"}"#, #"{"a": true} "x""#, "[',", "[\"a",
  #"[\u000A""]"#, "[1", "{", "{]", "{,", "{[", "{\"a", "{'a'", #"["\{["\{["\{["\{"#, "*", #"{"a":"b"}#{}"#,
  "[\u{2060}]", "[false", "[nul", "[true", "[\u{C}]", #"{"asd":"asd""#, "å", "[\u{A0}1]", "\u{FEFF}",
  // Left open by the suite, and refused: not kept exact, not a scalar, or not UTF-8's first bytes.
  "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999969999999006]",
  "[-1e+9999]", "[1.5e+9999]", "[-123123e100000]", "[123123e100000]", "[-123123123123123123123123123123]",
  "[100000000000000000000]", "[-237462374673276894279832749832423479823246327846]",
  #"["\uDADA"]"#, #"["\uD888\u1234"]"#, #"["\uD800\n"]"#, #"["\uDd1ea"]"#, #"["\uD800\uD800\n"]"#,
  #"["\ud800"]"#, #"["\ud800abc"]"#, #"["\uDd1e\uD834"]"#, #"["\uDFAA"]"#, #"{"\uDFAA":0}"#,
]

private let notUTF8: [[UInt8]] =
  [
    [0xFF],  // No UTF-8 has this byte.
    [0x61, 0xE5],
    [0xE6, 0x97, 0xA5, 0xD1, 0x88, 0xFA],
    [0xF4, 0xBF, 0xBF, 0xBF],  // Above U+10FFFF.
    [0xED, 0xA0, 0x80],  // A surrogate.
    [0xE0, 0xFF],
    [0xC0, 0xAF],  // Longer than need be.
    [0xE0, 0x80, 0xAF],
    [0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF],
    [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80],
    [0x81],  // Continues nothing.
    [0xE9],
  ].map { [UInt8(ascii: "\"")] + $0 + [UInt8(ascii: "\"")] }
  + [
    // UTF-16, with and without its mark.
    [0xFF, 0xFE, 0x5B, 0x00, 0x22, 0x00, 0xE9, 0x00, 0x22, 0x00, 0x5D, 0x00],
    [0x5B, 0x00, 0x22, 0x00, 0xE9, 0x00, 0x22, 0x00, 0x5D, 0x00],
    [0x00, 0x5B, 0x00, 0x22, 0x00, 0xE9, 0x00, 0x22, 0x00, 0x5D],
    [0xEF, 0xBB],  // Half a byte order mark.
    [0x5B, 0x31, 0x5D, 0xFF],
    [0x2F, 0x2F, 0xFF, 0x0A, 0x31],
  ]
