import Control
import Host
import Inspection
import Machine
import Testing

@testable import Supervisor

/// Images as qemu-img makes them, looked at as before each start.
@Suite struct ImageInspectionTests {
  private let folder: LedgerFolder

  init() throws { folder = try LedgerFolder() }

  private func make(_ name: String, _ size: Int = 1 << 20) throws {
    try FileSystem.replace(
      folder.path + "/" + name, with: [UInt8](repeating: 0, count: size), durable: false)
  }

  private func image(_ name: String) -> DiskImage? { ImageInspection.image(at: folder.path + "/" + name) }

  @Test("the bytes of every format that qemu-img makes are known, and those of a raw disk are none's")
  func magic() throws {
    let made: [(ImageMagic, [String])] = [
      (.qcow2, []), (.qcow2, ["-o", "compat=0.10"]), (.vmdk, []),
      (.vmdk, ["-o", "subformat=monolithicFlat"]),
      (.vdi, []), (.vhdx, []), (.vpc, []), (.vpc, ["-o", "subformat=fixed"]), (.qcow, []), (.qed, []),
      (.parallels, []),
    ]
    for (magic, options) in made {
      try qemuImg(["create", "-q", "-f", magic.rawValue] + options + ["disk", "4M"])
      #expect(image("disk")?.magic == magic, "\(magic) \(options)")
    }
    try make("raw")
    try make("empty", 0)
    #expect(image("raw")?.kind == .file && image("raw")?.magic == nil)
    #expect(image("empty")?.kind == .file && image("empty")?.magic == nil)
    #expect(image("absent") == nil)
    #expect(image("")?.kind == .other("a folder"))
    #expect(ImageInspection.image(at: "/dev/null")?.kind == .other("a character device"))
  }

  private func qemuImg(_ arguments: [String]) throws {
    let launch = ChildProcess.Launch(
      program: "/usr/bin/env", arguments: ["--chdir=\(folder.path)", "qemu-img"] + arguments)
    try #require(try ChildProcess(launch).wait() == .code(0), "qemu-img \(arguments)")
  }

  @Test("names of one file are one identity: symbolic and hard links")
  func identity() throws {
    try make("a.raw")
    try make("b.raw")
    try FileSystem.link(folder.path + "/s.raw", to: "a.raw")
    try #require(
      try ChildProcess(
        ChildProcess.Launch(program: "/bin/ln", arguments: [folder.path + "/a.raw", folder.path + "/h.raw"])
      ).wait() == .code(0))
    let identity = try #require(image("a.raw")?.identity)
    #expect(image("s.raw")?.identity == identity && image("h.raw")?.identity == identity)
    #expect(image("b.raw")?.identity != identity)
  }

  @Test(
    "what a qcow2 image stands on is found to its end: relative, absolute, as JSON, with its data elsewhere")
  func chain() throws {
    try make("base.raw")
    try qemuImg(["create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "one.qcow2"])
    try qemuImg(["create", "-q", "-f", "qcow2", "-b", "\(folder.path)/one.qcow2", "-F", "qcow2", "two.qcow2"])
    let json = #"json:{"driver":"qcow2","file":{"driver":"file","filename":"\#(folder.path)/two.qcow2"}}"#
    try qemuImg(["create", "-q", "-f", "qcow2", "-b", json, "-F", "qcow2", "three.qcow2"])
    let three = try #require(image("three.qcow2"))
    #expect(three.brokenChain == nil)
    #expect(
      three.parts.map(\.path) == ["two.qcow2", "one.qcow2", "base.raw"].map { folder.path + "/" + $0 })
    #expect(three.parts.last?.identity == image("base.raw")?.identity)
    #expect(three.parts.allSatisfy { !$0.isWritten })
    try qemuImg(["create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "split.qcow2", "4M"])
    let split = try #require(image("split.qcow2"))
    #expect(split.parts.map(\.path) == [folder.path + "/data.raw"] && split.parts[0].isWritten)
    // Elsewhere than in a file: nothing to be found here.
    try qemuImg(["create", "-q", "-u", "-f", "qcow2", "-b", "nbd://host/x", "-F", "raw", "far.qcow2", "4M"])
    #expect(image("far.qcow2")?.parts == [] && image("far.qcow2")?.brokenChain == nil)
  }

  @Test("a chain that is broken or leads in a circle is said so")
  func brokenChain() throws {
    try qemuImg(["create", "-q", "-u", "-f", "qcow2", "-b", "gone.raw", "-F", "raw", "one.qcow2", "4M"])
    #expect(
      image("one.qcow2")?.brokenChain
        == "its backing file '\(folder.path)/gone.raw': No such file or directory")
    try qemuImg(["create", "-q", "-f", "qcow2", "a.qcow2", "4M"])
    try qemuImg(["create", "-q", "-f", "qcow2", "-b", "a.qcow2", "-F", "qcow2", "b.qcow2"])
    try qemuImg(["rebase", "-u", "-b", "b.qcow2", "-F", "qcow2", "a.qcow2"])
    #expect(image("b.qcow2")?.brokenChain?.contains("lead in a circle") == true)
  }

  @Test("a header that is cut off or lies names no other file, and ends nothing")
  func damagedHeaders() throws {
    try make("base.raw")
    try qemuImg(["create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "one.qcow2"])
    let head = Array(try FileSystem.read(folder.path + "/one.qcow2").prefix(QCOW2Header.length))
    #expect(QCOW2Header(head: head)?.backingFormat == "raw")
    for length in stride(from: 0, through: 512, by: 3) { _ = QCOW2Header(head: Array(head.prefix(length))) }
    for place in 4..<256 {
      var bad = head
      bad[place] = 0xFF
      _ = QCOW2Header(head: bad)
    }
  }
}
