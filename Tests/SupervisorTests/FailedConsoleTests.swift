import Glibc
import Host
import Testing

@testable import Supervisor

@Suite("The console of a guest that failed") struct FailedConsoleTests {
  /// A log, removed with the test.
  private final class Log {
    let path: String

    init(_ text: String) throws {
      var template = Array("/tmp/qemuvm-console-XXXXXX".utf8CString)
      let number = mkstemp(&template)
      path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      try FileDescriptor(owning: number).write(Array(text.utf8))
    }

    deinit { unlink(path) }
  }

  private static let trace = (1...30).map { "[ 1.\($0)] trace \($0)\r\n" }.joined()

  @Test("shows its last lines, and the panic's before them")
  func panic() throws {
    let log = try Log("earlier panic\nboot\nKernel panic - not syncing: no init\r\n" + Self.trace)
    let lines = FailedConsole.lines(of: log.path, from: 14)
    #expect(lines.count == 11 && lines[0] == "Kernel panic - not syncing: no init")
    #expect(lines[1] == "[ 1.21] trace 21" && lines[10] == "[ 1.30] trace 30")
  }

  @Test("shows nothing of the guest before it, and the panic's line once")
  func own() throws {
    let log = try Log("earlier panic\nREADY\nlast words: panic")
    #expect(FailedConsole.lines(of: log.path, from: 14) == ["READY", "last words: panic"])
    #expect(FailedConsole.lines(of: log.path, from: Int64(FileSystem.size(of: log.path))) == [])
    #expect(FailedConsole.lines(of: log.path + ".none", from: 0) == [])
  }

  @Test("is cut where a line has no end, and shown where the log was rotated under it")
  func bounds() throws {
    let log = try Log(String(repeating: "x", count: 100_000))
    #expect(FailedConsole.lines(of: log.path, from: 0).map(\.utf8.count) == [400])
    #expect(FailedConsole.lines(of: log.path, from: 1 << 40).count == 1)
  }
}
