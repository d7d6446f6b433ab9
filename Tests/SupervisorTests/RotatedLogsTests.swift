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
  private let lane = Lane("the logs")

  init() throws {
    folder = try Folder()
    logs = RotatedLogs(watch)
  }

  /// Returns when all is done that was under way.
  private func settle(_ logs: RotatedLogs? = nil) async {
    let logs = logs ?? self.logs
    await logs.isDone()
    await lane.run {}
    await logs.isDone()
  }

  /// Returns when the log was rotated so many times: its rotation modifies it, and goes on behind that.
  private func rotation(_ number: Int, by logs: RotatedLogs? = nil) async throws {
    while true {
      let (looks, feed) = AsyncStream.makeStream(of: Void.self)
      _ = try watch.watch(folder.log) { feed.yield() }
      await settle(logs)
      if try folder.rotation.files.present().old.contains(number) { return }
      for await _ in looks { break }
    }
  }

  @Test("are rotated some time after they were written", .timeLimit(.minutes(10)))
  func written() async throws {
    logs.keep(folder.rotation, on: lane)
    await settle()
    for round in 1...3 {
      try folder.append(1 << 16 + 100)
      try await rotation(round)
      #expect(try folder.rotation.files.present().old == Array(1...round))
      #expect(try folder.rotation.size() == Int64(round) * 100)
    }
  }

  @Test("are made when they are not there, and looked at when they are")
  func kept() async throws {
    logs.keep(folder.rotation, on: lane)
    await settle()
    #expect(FileSystem.exists(folder.log))
    logs.release(folder.log)
    await settle()
    try folder.append(100_000)
    let (files, text) = (folder.rotation.files, [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16))
    try FileDescriptor.openLog(files.path(of: .init(.punch, head: 1 << 16))).write(text)
    logs.keep(folder.rotation, on: lane)
    await settle()
    #expect(try files.present().cut == nil)
    #expect(FileSystem.size(of: files.old(1)) == 1 << 16)
  }

  @Test("that could not be watched are tried again", .timeLimit(.minutes(10)))
  func triedAgain() async throws {
    let aside = folder.path + ".aside"
    let logs = RotatedLogs(watch, faultPause: .milliseconds(10))
    try FileSystem.move(folder.path, to: aside)
    logs.keep(folder.rotation, on: lane)
    await settle(logs)
    try FileSystem.move(aside, to: folder.path)
    try folder.append(1 << 16 + 100)
    try await rotation(1, by: logs)
    #expect(try folder.rotation.files.present().old == [1])
  }

  @Test(
    "that somebody has removed are kept below their sizes in their writer's hands", .timeLimit(.minutes(10)))
  func removed() async throws {
    let writer = try FileDescriptor.openLog(folder.log)
    let (news, feed) = AsyncStream.makeStream(of: Void.self)
    logs.keep(folder.rotation, on: lane, writer: RotatedLogs.Writer(pid: getpid()) { feed.yield() })
    await settle()
    try FileSystem.remove(folder.log)
    try writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16 + 100))
    var new = news.makeAsyncIterator()
    await new.next()
    await settle()
    #expect(try folder.rotation.files.present().old == [1])
    #expect(FileSystem.size(of: folder.rotation.files.old(1)) == 1 << 16)
    let rest = try writer.size() - writer.dataStart()
    #expect(rest == 100)
  }

  @Test("that hang hold up no other VM's", .timeLimit(.minutes(10)))
  func hanging() async throws {
    let sick = try Folder()
    let (blockade, sickLane) = (DispatchSemaphore(value: 0), Lane("the logs of another"))
    sickLane.add { blockade.wait() }
    logs.keep(sick.rotation, on: sickLane)
    try folder.append(1 << 16 + 100)
    logs.keep(folder.rotation, on: lane)
    await settle()
    #expect(try folder.rotation.files.present().old == [1])
    #expect(!FileSystem.exists(sick.log))
    // Meanwhile it was let go, and kept anew: each is looked at in its turn.
    logs.release(sick.log)
    logs.keep(sick.rotation, on: sickLane)
    blockade.signal()
    await logs.isDone()
    await sickLane.run {}
    #expect(FileSystem.exists(sick.log))
  }

  @Test("whose folder has gone are let go")
  func gone() async throws {
    try FileSystem.removeTree(folder.path)
    logs.keep(folder.rotation, on: lane)
    logs.release(folder.log)
    await settle()
    #expect(!FileSystem.exists(folder.path))
  }
}

extension RotatedLogs {
  /// Returns when all that was asked before has been begun.
  fileprivate func isDone() {}
}
