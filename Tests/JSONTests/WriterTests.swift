import JSON
import Testing

@Suite struct WriterTests {
  @Test("A value is written compactly", arguments: values)
  func writes(_ value: JSONValue, _ text: String) throws {
    #expect(value.description == text)
    #expect(value.bytes() == Array(text.utf8))
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test("Every scalar of the first plane and some beyond are written so that they read back")
  func writesEveryScalar() throws {
    let scalars = (UInt32(0)...0xFFFF).compactMap(Unicode.Scalar.init) + ["\u{10000}", "😀", "\u{10FFFF}"]
    let changed = try scalars.filter { scalar in
      let value = JSONValue(String(scalar))
      let bytes = value.bytes()
      return try bytes.contains { $0 < 0x20 } || JSONValue(parsing: bytes) != value
    }
    #expect(changed == [])
  }

  @Test("Text is appended behind what is there")
  func appends() {
    var bytes = Array("x=".utf8)
    JSONValue([1]).append(to: &bytes)
    JSONValue("é").append(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "x=[1]\"é\"")
  }

  @Test("Text for people stands two spaces in a level")
  func indents() throws {
    let value: JSONValue = [
      "name": "web", "none": [], "nothing": [:], "list": [1, [2, "a\nb"]], "inner": ["deep": ["er": nil]],
    ]
    let text = #"""
      {
        "name": "web",
        "none": [],
        "nothing": {},
        "list": [
          1,
          [
            2,
            "a\nb"
          ]
        ],
        "inner": {
          "deep": {
            "er": null
          }
        }
      }
      """#
    #expect(value.pretty() == text)
    #expect(try JSONValue(parsing: text) == value)
    #expect(JSONValue(3).pretty() == "3")
  }
}

private let values: [(JSONValue, String)] = [
  (nil, "null"),
  (true, "true"),
  (false, "false"),
  (42, "42"),
  ("", #""""#),
  ([], "[]"),
  ([:], "{}"),
  ([nil, [], [:], [[1]]], "[null,[],{},[[1]]]"),
  (["b": 1, "a": [true], "": ""], #"{"b":1,"a":[true],"":""}"#),
  ("a\"b\\c/d", #""a\"b\\c/d""#),
  ("\u{8}\t\n\u{B}\u{C}\r\0\u{1F}\u{7F}", "\"\\b\\t\\n\\u000b\\f\\r\\u0000\\u001f\u{7F}\""),
  ("\"", #""\"""#),
  ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
  (["a\nb": "\n"], #"{"a\nb":"\n"}"#),
]
