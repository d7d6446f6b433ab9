import JSON
import QMP
import Testing

@Suite("What a client sends, cut into messages")
struct RequestSplitterTests {
  /// The messages of a stream that comes in pieces of that many bytes.
  private func messages(_ text: String, pieces: Int = .max) throws -> [String] {
    var splitter = QMPRequestSplitter(limit: 100)
    var messages: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      try splitter.feed(rest.prefix(pieces)) { messages.append(String(decoding: $0, as: UTF8.self)) }
      rest = rest.dropFirst(pieces)
    }
    return messages
  }

  @Test(
    "is cut at brackets, in strings or not, wherever the reads end",
    arguments: [
      (#"{"a":1}{"b":2}"#, [#"{"a":1}"#, #"{"b":2}"#]),
      ("{\"a\":\n [1,\r\n{}]}\r\n\t {}", ["{\"a\":\n [1,\r\n{}]}", "{}"]),
      (#"{"}":"]{"}{}"#, [#"{"}":"]{"}"#, "{}"]),
      (#"{"\"}":"\\"}{}"#, [#"{"\"}":"\\"}"#, "{}"]),
      (#"{"é":"€"}"#, [#"{"é":"€"}"#]),
      ("[[]][]", ["[[]]", "[]"]),
      ("word another\n", ["word", "another"]),
      ("word{}", ["word", "{}"]),
      ("}} {}", ["}}", "{}"]),
      ("\"text\"\n", ["\"text\""]),
      ("{\"a\n{}", ["{\"a\n", "{}"]),
      ("\n\r\n  \n", []),
      ("{\"half\":", []),
      ("", []),
    ])
  func messages(text: String, expected: [String]) throws {
    for pieces in 1...max(1, text.utf8.count) {
      #expect(try messages(text, pieces: pieces) == expected, "in pieces of \(pieces)")
    }
  }

  @Test("may be as long as the limit and not longer")
  func limit() throws {
    let longest = "[" + String(repeating: " ", count: 98) + "]"
    #expect(try messages(longest + longest) == [longest, longest])
    let error = #expect(throws: QMPRequestSplitter.MessageTooLong.self) {
      try messages("[" + String(repeating: " ", count: 99) + "]")
    }
    #expect(error?.limit == 100)
  }

  @Test("becomes requests and refusals, in order, and nothing after what is too long")
  func reader() {
    let reader = QMPRequestReader(limit: 40)
    var inputs: [QMPRequestReader.Input] = []
    let text = "{\"execute\":\"a\"}x {\"id\":1}" + String(repeating: "[", count: 41) + "{\"execute\":\"b\"}"
    for _ in 1...2 {
      Array(text.utf8).withUnsafeBytes { reader.read($0) { inputs.append($0) } }
    }
    #expect(inputs.count == 4)
    #expect(inputs.first == .request(QMPRequest("a"), size: 79))
    #expect(inputs.last == .tooLong(limit: 40))
    let reasons = inputs.compactMap { if case .malformed(let error, _) = $0 { error } else { nil } }
    #expect(reasons.map(\.id) == [nil, 1])
    #expect(reasons.first?.reason.hasPrefix("JSON parse error, 1:1: ") == true)
  }
}
