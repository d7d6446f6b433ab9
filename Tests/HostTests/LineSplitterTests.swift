import Host
import Testing

@Suite("The line splitter")
struct LineSplitterTests {
  private func lines(_ text: String, pieces: Int, limit: Int = 100) throws -> [String] {
    var splitter = LineSplitter(limit: limit)
    var lines: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      try Array(rest.prefix(pieces)).withUnsafeBytes { bytes in
        try splitter.feed(bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
      }
      rest = rest.dropFirst(pieces)
    }
    #expect(splitter.isInsideLine == ((text.utf8.last ?? 10) != 10))
    return lines
  }

  @Test(
    "cuts lines, wherever the reads end",
    arguments: [
      ("one\ntwo\r\nthree", ["one", "two"]),
      ("\n\r\n\n", []),
      ("a\rb\r\r\n", ["a\rb\r"]),
      ("é€\u{1F600}\n", ["é€\u{1F600}"]),
      ("unended", []),
      ("", []),
      ("a\n\0b\nc\n", ["a", "\0b", "c"]),
    ])
  func cuts(text: String, expected: [String]) throws {
    for pieces in 1...max(1, text.utf8.count) {
      #expect(try lines(text, pieces: pieces) == expected, "in pieces of \(pieces)")
    }
  }

  @Test("gives the ends of a line that is too long, and the lines behind it", arguments: [1, 7, 600, 10_000])
  func longLine(pieces: Int) {
    var splitter = LineSplitter(limit: 1000)
    var heard: [String] = []
    let long = "head" + String(repeating: "x", count: 5000) + "tail"
    var rest = Array("one\n\(long)\r\ntwo\n".utf8)[...]
    while !rest.isEmpty {
      Array(rest.prefix(pieces)).withUnsafeBytes { bytes in
        splitter.feed(bytes) {
          heard.append(String(decoding: $0, as: UTF8.self))
        } long: { line in
          let ends = [line.beginning.prefix(5), line.end.suffix(6)].map {
            String(decoding: $0, as: UTF8.self)
          }
          heard += ends + ["\(line.count) \(line.beginning.count) \(line.end.count)"]
        }
      }
      rest = rest.dropFirst(pieces)
    }
    #expect(heard == ["one", "headx", "xtail\r", "5009 512 512", "two"])
    #expect(!splitter.isInsideLine)
  }

  @Test("takes a line as long as the limit and none longer, ended or not", arguments: [1, 2, 7, 100])
  func limit(pieces: Int) throws {
    #expect(try lines("12345\n", pieces: pieces, limit: 5) == ["12345"])
    for text in ["123456\n", "123456", "1\n123456789"] {
      let error = #expect(throws: LineSplitter.LineTooLong.self) { try lines(text, pieces: pieces, limit: 5) }
      #expect(error?.limit == 5)
    }
  }
}
