import Glibc
import Host
import Testing

@Suite("The file system")
struct FileSystemTests {
  @Test("replaces a file whole, private, durable or not", arguments: [false, true])
  func replace(durable: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("f")
    try FileSystem.replace(path, with: Array("old, longer".utf8), durable: durable)
    try FileSystem.replace(path, with: Array("new".utf8), durable: durable)
    #expect(try folder.text("f") == "new")
    #expect(try FileSystem.names(in: folder.path) == ["f"])
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test("leaves the old file, and no other, when it cannot replace it")
  func failedReplace() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(folder.file("target"))
    try folder.write("target/inside", "kept")
    let error = #expect(throws: SystemError.self) {
      try FileSystem.replace(folder.file("target"), with: [1], durable: true)
    }
    #expect(error?.call == "rename")
    #expect(try FileSystem.names(in: folder.path) == ["target"])
    #expect(try folder.text("target/inside") == "kept")
    // A link in the file's place is replaced, not followed.
    #expect(symlink(folder.file("elsewhere"), folder.file("f")) == 0)
    try FileSystem.replace(folder.file("f"), with: [1], durable: false)
    #expect(!FileSystem.exists(folder.file("elsewhere")))
    #expect(FileSystem.linkTarget(folder.file("f")) == nil)
  }

  @Test("reads whole files up to a limit, and tails")
  func reading() throws {
    let folder = try TemporaryFolder()
    let text = String(repeating: "0123456789", count: 20_000)
    try folder.write("f", text)
    #expect(try folder.text("f") == text)
    let error = #expect(throws: SystemError.self) { try FileSystem.read(folder.file("f"), limit: 199_999) }
    #expect(error?.code == EFBIG)
    #expect(try FileSystem.read(folder.file("f"), limit: 200_000).count == 200_000)
    #expect(try FileSystem.tail(folder.file("f"), bytes: 5) == Array("56789".utf8))
    #expect(try FileSystem.tail(folder.file("f"), bytes: 1 << 20).count == 200_000)
    #expect(try FileSystem.readIfPresent(folder.file("none")) == nil)
    #expect(throws: SystemError.self) { try FileSystem.readIfPresent(folder.file("f/none")) }
    #expect(FileSystem.size(of: folder.file("f")) == 200_000)
  }

  @Test("makes folders with those above them, and says when a file is in the way")
  func folders() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(folder.file("a/b/c"))
    try FileSystem.makeDirectory(folder.file("a/b/c"))
    #expect(FileSystem.isDirectory(folder.file("a/b/c")))
    try folder.write("f", "")
    let error = #expect(throws: SystemError.self) { try FileSystem.makeDirectory(folder.file("f")) }
    #expect(error?.code == ENOTDIR)
    #expect(throws: SystemError.self) { try FileSystem.makeDirectory(folder.file("f/g")) }
  }

  @Test("removes a tree and follows no link out of it")
  func removeTree() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(folder.file("tree/deep"))
    try folder.write("kept", "kept")
    try folder.write("tree/deep/f", "")
    #expect(symlink(folder.path, folder.file("tree/link")) == 0)
    try FileSystem.removeTree(folder.file("tree"))
    #expect(try FileSystem.names(in: folder.path) == ["kept"])
    #expect(try FileSystem.remove(folder.file("kept")))
    #expect(try !FileSystem.remove(folder.file("kept")))
  }

  @Test("removes a link in a tree's place, and nothing that it leads to")
  func removeLinkedTree() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(folder.file("other"))
    try folder.write("other/kept", "kept")
    for (name, target) in [("link", folder.file("other")), ("dangling", folder.file("none"))] {
      try FileSystem.link(folder.file(name), to: target)
      for _ in 0..<2 { try FileSystem.removeTree(folder.file(name)) }
      #expect(!FileSystem.isPresent(folder.file(name)))
    }
    #expect(try folder.text("other/kept") == "kept")
    #expect(throws: SystemError.self) { try FileSystem.removeTree("/proc/self/fdinfo") }
  }

  @Test("touches a link and not what it leads to")
  func touching() throws {
    let folder = try TemporaryFolder()
    try folder.write("f", "")
    try FileSystem.link(folder.file("link"), to: folder.file("f"))
    func changed(_ name: String) -> Int {
      var status = stat()
      #expect(lstat(folder.file(name), &status) == 0)
      return status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
    }
    let (before, beforeOfLink) = (changed("f"), changed("link"))
    let identity = try FileSystem.identity(of: folder.file("f"))
    // The file system's clock ticks every few milliseconds.
    while changed("link") == beforeOfLink { try FileSystem.touch(folder.file("link")) }
    #expect(changed("f") == before)
    try FileSystem.touch(folder.file("f"))
    #expect(try FileSystem.identity(of: folder.file("f")) == identity)
  }

  @Test("moves a file, over another only when asked to")
  func moving() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", "a")
    try folder.write("b", "b")
    let error = #expect(throws: SystemError.self) {
      try FileSystem.moveNew(folder.file("a"), to: folder.file("b"))
    }
    #expect(error?.code == EEXIST)
    let before = try FileSystem.identity(of: folder.file("a"))
    try FileSystem.move(folder.file("a"), to: folder.file("b"))
    #expect(try folder.text("b") == "a")
    #expect(try FileSystem.identity(of: folder.file("b")) == before)
    try FileSystem.moveNew(folder.file("b"), to: folder.file("c"))
    #expect(try FileSystem.names(in: folder.path) == ["c"])
  }

  @Test(
    "takes paths as text",
    arguments: [
      ("/a/../b", "/x", "/b"), ("a/./b//c", "/x/y", "/x/y/a/b/c"), ("../../..", "/x", "/"), ("", "/x", "/x"),
      ("..a/b..", "/", "/..a/b.."),
    ])
  func absolute(path: String, base: String, expected: String) {
    #expect(FileSystem.absolute(path, in: base) == expected)
  }

  @Test(
    "knows the folder a path lies in", arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b", "a")])
  func parent(path: String, expected: String) {
    #expect(FileSystem.parent(of: path) == expected)
  }
}
