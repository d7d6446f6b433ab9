import Glibc
import Host
import Testing

@testable import qemuvm

@Suite("Logs") struct LogTests {
  /// A folder of this test's own, removed with it.
  final class Folder {
    let path: String
    var log: String { path + "/console.log" }

    init() throws {
      var template = Array("/tmp/qemuvm-log.XXXXXX".utf8CString)
      path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? FileSystem.removeTree(path) }

    func append(_ text: String) throws {
      try FileDescriptor.open(log, O_WRONLY | O_APPEND | O_CREAT).write(Array(text.utf8))
    }
  }

  static func readOn(_ log: inout GrowingLog) throws -> String {
    var bytes: [UInt8] = []
    try log.readOn { bytes += $0 }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("A log is read as it grows, from before it is there")
  func growth() throws {
    let folder = try Folder()
    var log = GrowingLog(folder.log)
    #expect(try Self.readOn(&log) == "")
    try folder.append("one\n")
    #expect(try Self.readOn(&log) == "one\n")
    #expect(try Self.readOn(&log) == "")
    try folder.append("two")
    #expect(try Self.readOn(&log) == "two")
  }

  @Test(
    "The last lines are found",
    arguments: [
      ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc", 2, "b\nc"), ("a\nb\n", 5, "a\nb\n"), ("a\nb\n", 0, ""),
      ("", 3, ""),
      ("a\n\n\n", 2, "\n\n"), ("\n", 1, "\n"),
    ])
  func tail(text: String, count: Int, expected: String) throws {
    let folder = try Folder()
    try folder.append(text)
    var log = GrowingLog(folder.log)
    try log.skip(toLast: count)
    #expect(try Self.readOn(&log) == expected)
    try folder.append("more\n")
    #expect(try Self.readOn(&log) == "more\n")
  }

  @Test("The last lines are found across the blocks in which a long log is read")
  func longTail() throws {
    let folder = try Folder()
    let line = String(repeating: "x", count: 999) + "\n"
    try folder.append(String(repeating: line, count: 300))
    var log = GrowingLog(folder.log)
    try log.skip(toLast: 250)
    #expect(try Self.readOn(&log).utf8.count == 250_000)
  }

  @Test("A log that is renamed away is read to its end, then the one in its place")
  func renamed() throws {
    let folder = try Folder()
    try folder.append("one\n")
    var log = GrowingLog(folder.log)
    #expect(try Self.readOn(&log) == "one\n")
    try folder.append("two\n")
    try FileSystem.move(folder.log, to: folder.log + ".1")
    #expect(try Self.readOn(&log) == "two\n")
    try folder.append("three\n")
    #expect(try Self.readOn(&log) == "three\n")
  }

  @Test("A log whose head is cut away goes on where it was, and loses nothing that came at the same time")
  func headCut() throws {
    let folder = try Folder()
    let text = (0..<2000).map { "line \($0)\n" }.joined()
    try folder.append(text)
    var log = GrowingLog(folder.log)
    #expect(try Self.readOn(&log) == text)
    let cut = Array(text.utf8).dropFirst(8192) + Array("more\n".utf8)
    try FileDescriptor.open(folder.log, O_WRONLY | O_TRUNC).write(Array(cut))
    #expect(try Self.readOn(&log) == "more\n")
  }

  @Test("A log that is emptied is read from its beginning")
  func emptied() throws {
    let folder = try Folder()
    try folder.append("one\ntwo\n")
    var log = GrowingLog(folder.log)
    #expect(try Self.readOn(&log) == "one\ntwo\n")
    try FileDescriptor.open(folder.log, O_WRONLY | O_TRUNC).write(Array("new\n".utf8))
    #expect(try Self.readOn(&log) == "new\n")
  }

  @Test("A watch tells of the file it is asked about, and of the folder's end")
  func watch() throws {
    let folder = try Folder()
    let watch = try FolderWatch.start(folder.path)
    try FileDescriptor.open(folder.path + "/other", O_WRONLY | O_CREAT).write([1])
    try folder.append("one\n")
    #expect(try watch.wait(for: "console.log") == .file)
    var log = GrowingLog(folder.log)
    #expect(try Self.readOn(&log) == "one\n")
    try folder.append("two\n")
    try FileSystem.removeTree(folder.path)
    // What was told of the file before comes first.
    while try watch.wait(for: "console.log") == .file {}
    #expect(try Self.readOn(&log) == "two\n")
  }
}
