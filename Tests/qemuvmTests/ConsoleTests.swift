import Glibc
import Host
import Testing

@testable import qemuvm

@Suite("Console") struct ConsoleTests {
  /// What a bridge did with an input and a console's output that both end.
  struct Course: Equatable {
    let end: ConsoleBridge.End
    let sent: [UInt8]
    let printed: [UInt8]
  }

  /// Runs a bridge on pipes, with a far end that says its part, reads to the end of input, then closes.
  static func run(input: [UInt8], console: [UInt8], escape: UInt8?) throws -> Course {
    let pair = try UnixSocket.pair()
    let keys = try FileDescriptor.pipe()
    let screen = try FileDescriptor.pipe()
    try keys.writeEnd.write(input)
    try pair.second.write(console)
    let keyboard = keys.takeReadEnd()
    if escape == nil {
      // Without an escape the console ends it.
      _ = shutdown(pair.second.rawValue, Int32(SHUT_WR))
    }
    var bridge = ConsoleBridge(
      input: keyboard.rawValue, output: StandardStream(descriptor: screen.writeEnd.rawValue),
      socket: pair.first.rawValue, escape: escape)
    let end = try bridge.run()
    let printed = console.isEmpty ? [] : try screen.takeReadEnd().read(upTo: 65_536)
    let sent = (try? pair.second.read(upTo: 65_536)) ?? []
    return Course(end: end, sent: sent, printed: printed)
  }

  @Test(
    "The escape key ends it; what was typed before goes to the console",
    arguments: [
      ([0x1D], []), ([0x61, 0x03, 0x1D, 0x62], [0x61, 0x03]),
      ([0x00, 0xFF, 0x0D, 0x1D], [0x00, 0xFF, 0x0D]),
    ] as [([UInt8], [UInt8])])
  func escape(typed: [UInt8], sent: [UInt8]) throws {
    let course = try Self.run(input: typed, console: [], escape: ConsoleBridge.escapeKey)
    #expect(course.end == .left)
    #expect(course.sent == sent)
  }

  @Test("Every byte passes where there is no escape, and the console's end is the end")
  func bytes() throws {
    let all = Array(UInt8.min...UInt8.max)
    let course = try Self.run(input: [], console: all, escape: nil)
    #expect(course == Course(end: .closedByConsole, sent: [], printed: all))
  }
}
