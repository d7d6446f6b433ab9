import Control
import Testing

@testable import qemuvm

@Suite("Progress") struct ProgressTests {
  @Test("Plain lines tell each change once, and leave failures to their errors")
  func plain() {
    var display = PlainProgress()
    var text = ""
    text += display.show("web", at: 0, .starting, "starting")
    text += display.show("web", at: 0, .starting, "starting")
    text += display.show("db", at: 1, .failed, "failed")
    text += display.show("web", at: 0, .running, "running (kvm, 0.06 s)")
    text += display.note("web: ended by force")
    #expect(text == "web: starting\nweb: running (kvm, 0.06 s)\nweb: ended by force\n")
  }

  @Test("On a terminal all lines are drawn anew, cut to its width")
  func board() {
    var board = ProgressBoard(count: 2, columns: 20, style: .plain)
    #expect(board.show("web", at: 1, .starting, "starting") == "web  starting\n")
    #expect(
      board.show("db", at: 0, .backoff, "backoff: a very long cause")
        == "\u{1B}[1A\r\u{1B}[Jdb   backoff: a ver\nweb  starting\n")
    #expect(
      board.note("db: said") == "\u{1B}[2A\r\u{1B}[Jdb: said\ndb   backoff: a ver\nweb  starting\n")
  }
}
