import Dispatch
import Glibc
import Host
import Synchronization
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
    let course = try Self.run(input: typed, console: [], escape: EscapeKey.standard.byte)
    #expect(course.end == .left)
    #expect(course.sent == sent)
  }

  @Test("A long paste arrives whole though the console takes it slowly")
  func backPressure() throws {
    let pair = try UnixSocket.pair()
    let keys = try FileDescriptor.pipe()
    let text = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let keyboard = keys.writeEnd.rawValue
    let console = pair.second.rawValue
    let writer = DispatchQueue(label: "keyboard")
    writer.async {
      var done = 0
      while done < text.count {
        done += max(
          0, text.withUnsafeBytes { write(keyboard, $0.baseAddress?.advanced(by: done), $0.count - done) })
      }
    }
    let arrived = Mutex<[UInt8]>([])
    let reader = DispatchQueue(label: "console")
    reader.async {
      var buffer = [UInt8](repeating: 0, count: 1000)
      while arrived.withLock({ $0.count }) < text.count {
        var poller = pollfd(fd: console, events: Int16(POLLIN), revents: 0)
        _ = poll(&poller, 1, -1)
        let count = read(console, &buffer, buffer.count)
        if count > 0 { arrived.withLock { $0 += buffer[..<count] } }
      }
      _ = shutdown(console, Int32(SHUT_RDWR))
    }
    var bridge = ConsoleBridge(
      input: keys.readEnd.rawValue, output: .diagnostics, socket: pair.first.rawValue, escape: nil)
    #expect(try bridge.run() == .closedByConsole)
    writer.sync {}
    reader.sync {}
    #expect(arrived.withLock { $0 == text })
  }

  @Test("Every byte passes where there is no escape, and the console's end is the end")
  func bytes() throws {
    let all = Array(UInt8.min...UInt8.max)
    let course = try Self.run(input: [], console: all, escape: nil)
    #expect(course == Course(end: .closedByConsole, sent: [], printed: all))
  }
}
