import Dispatch
import Glibc
import Host
import Testing

@testable import Supervisor

@Suite("Logs of running guests")
struct RotatedLogsTests {
  /// A folder with a log, removed with the test.
  private final class Folder {
    let path: String
    var log: String { path + "/console.log" }
    var rotation: LogRotation { LogRotation(log, sizeLimit: 1 << 16, keptCount: 3) }

    init() throws {
      var template = Array("/tmp/qemuvm-logs-XXXXXX".utf8CString)
      path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? FileSystem.removeTree(path) }

    func append(_ count: Int) throws {
      try FileDescriptor.openLog(log).write([UInt8](repeating: UInt8(ascii: "x"), count: count))
    }
  }

  private let folder: Folder
  private let watch = FileWatch()
  private let logs: RotatedLogs

  init() throws {
    folder = try Folder()
    logs = RotatedLogs(watch)
  }

  /// Returns when all is done that was under way.
  private func settle() { logs.executor.queue.sync {} }

  @Test("are rotated some time after they were written", .timeLimit(.minutes(1)))
  func written() async throws {
    logs.keep(folder.rotation)
    settle()
    for round in 1...3 {
      try folder.append(1 << 16 + 100)
      // What modifies it next is its rotation.
      let (looks, feed) = AsyncStream.makeStream(of: Void.self)
      _ = try watch.watch(folder.log) { feed.yield() }
      var look = looks.makeAsyncIterator()
      await look.next()
      settle()
      #expect(try folder.rotation.files.present().old == Array(1...round))
      #expect(try folder.rotation.size() == Int64(round) * 100)
    }
  }

  @Test("are made when they are not there, and looked at when they are")
  func kept() throws {
    logs.keep(folder.rotation)
    settle()
    #expect(FileSystem.exists(folder.log))
    logs.release(folder.log)
    settle()
    try folder.append(100_000)
    let (files, text) = (folder.rotation.files, [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16))
    try FileDescriptor.openLog(files.path(of: .init(.punch, head: 1 << 16))).write(text)
    logs.keep(folder.rotation)
    settle()
    #expect(try files.present().cut == nil)
    #expect(FileSystem.size(of: files.old(1)) == 1 << 16)
  }

  @Test("that could not be watched are tried again", .timeLimit(.minutes(1)))
  func triedAgain() async throws {
    let aside = folder.path + ".aside"
    let logs = RotatedLogs(watch, faultPause: .milliseconds(10))
    try FileSystem.move(folder.path, to: aside)
    logs.keep(folder.rotation)
    logs.executor.queue.sync {}
    try FileSystem.move(aside, to: folder.path)
    try folder.append(1 << 16 + 100)
    // What modifies it next is its rotation.
    let (looks, feed) = AsyncStream.makeStream(of: Void.self)
    _ = try watch.watch(folder.log) { feed.yield() }
    var look = looks.makeAsyncIterator()
    if try folder.rotation.files.present().old.isEmpty { await look.next() }
    logs.executor.queue.sync {}
    #expect(try folder.rotation.files.present().old == [1])
  }

  @Test(
    "that somebody has removed are kept below their sizes in their writer's hands", .timeLimit(.minutes(1)))
  func removed() async throws {
    let writer = try FileDescriptor.openLog(folder.log)
    let (news, feed) = AsyncStream.makeStream(of: Void.self)
    logs.keep(folder.rotation, writer: RotatedLogs.Writer(pid: getpid()) { feed.yield() })
    settle()
    try FileSystem.remove(folder.log)
    try writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16 + 100))
    var new = news.makeAsyncIterator()
    await new.next()
    settle()
    #expect(try folder.rotation.files.present().old == [1])
    #expect(FileSystem.size(of: folder.rotation.files.old(1)) == 1 << 16)
    let rest = try writer.size() - writer.dataStart()
    #expect(rest == 100)
  }

  @Test("whose folder has gone are let go")
  func gone() throws {
    try FileSystem.removeTree(folder.path)
    logs.keep(folder.rotation)
    logs.release(folder.log)
    settle()
    #expect(!FileSystem.exists(folder.path))
  }
}
