import Testing

@testable import qemuvm

@Suite("A console's log on a terminal") struct TerminalFilterTests {
  @Test(
    "Nothing of it changes the terminal, and colours stay",
    arguments: [
      ("plain\r\n\ttext ü", "plain\r\n\ttext ü"),
      // What SeaBIOS begins with.
      (
        "\u{1B}c\u{1B}[?7l\u{1B}[2J\u{1B}[0mSeaBIOS (version 1.16)\r\n", "\u{1B}[0mSeaBIOS (version 1.16)\r\n"
      ),
      ("\u{1B}[1;31mred\u{1B}[m", "\u{1B}[1;31mred\u{1B}[m"), ("\u{1B}[>4;2mx", "x"),
      ("\u{1B}]0;title\u{7}x\u{1B}]2;other\u{1B}\\y", "xy"), ("a\u{7}b\u{E}c", "abc"),
      ("\u{1B}(0x\u{1B}7y\u{1B}=z", "xyz"), ("\u{1B}[H\u{1B}[3;4Hx\u{1B}[6n", "x"),
      ("\u{1B}\u{1B}[31mx", "\u{1B}[31mx"), ("\u{1B}Pq#0\u{1B}\\x", "x"),
    ])
  func filters(text: String, expected: String) {
    var whole = TerminalFilter()
    #expect(String(decoding: whole.filter(text.utf8), as: UTF8.self) == expected)
    var pieces = TerminalFilter()
    let shown = text.utf8.flatMap { pieces.filter([$0]) }
    #expect(String(decoding: shown, as: UTF8.self) == expected)
  }

  @Test("A sequence without end takes no memory, and ends with the next one")
  func endless() {
    var filter = TerminalFilter()
    #expect(filter.filter("\u{1B}[".utf8).isEmpty)
    let shown = filter.filter(Array(repeating: UInt8(ascii: "1"), count: 10_000) + Array("\u{1B}[2Jx".utf8))
    #expect(shown.last == UInt8(ascii: "x"))
  }
}
