import Glibc
import Host
import Machine
import Testing

@testable import Supervisor

@Suite("Reading a console's log")
struct ConsoleReadingTests {
  @Test("leaves no question behind where the log cannot be read", .timeLimit(.minutes(10)))
  func unreadable() async throws {
    let folder = try LedgerFolder()
    let (log, elsewhere) = (folder.path + "/console.log", folder.path + "/elsewhere")
    try FileSystem.replace(elsewhere, with: [], durable: false)
    // It can be watched, and is not followed when it is read.
    try FileSystem.link(log, to: elsewhere)
    let files = FileWatch()
    let (calls, feed) = AsyncStream.makeStream(of: String.self)
    let pattern = try ConsolePattern("login:")
    var reading = ConsoleReading(path: log, scan: ConsoleScan(pattern), position: 0)
    for _ in 0..<3 {
      #expect(throws: SystemError.self) { try reading.readOn(watching: files) { feed.yield("grown") } }
    }
    _ = try files.watch(elsewhere) { feed.yield("asked") }
    try FileDescriptor.openLog(elsewhere).write([1])
    var call = calls.makeAsyncIterator()
    // Those who have asked are told in their order.
    #expect(await call.next() == "asked")
  }
}
