import Control
import Glibc
import Host
import Testing

@testable import Supervisor

/// What becomes of a program that is named as QEMU and is none.
@Suite("A program that is asked whether it is QEMU")
struct EmulatorCatalogTests {
  private static func words(of script: String, in folder: LedgerFolder) async throws -> String {
    let program = folder.path + "/qemu"
    try FileSystem.replace(program, with: Array(("#!/bin/sh\n" + script).utf8), mode: 0o700, durable: false)
    let catalog = EmulatorCatalog(folder: folder.path + "/emulators", environment: ["PATH": "/usr/bin:/bin"])
    do {
      _ = try await catalog.emulator(program)
      return "it is one"
    } catch EmulatorCatalog.Failure.unusable(_, let why) {
      return why
    }
  }

  @Test("is ended when it writes without end, to either of its outputs")
  func endless() async throws {
    let folder = try LedgerFolder()
    #expect(
      try await Self.words(of: "exec yes", in: folder)
        == "it writes without end to its standard output, where QEMU's monitor was to answer")
    // It ends when its standard output has no reader any more, which is when it was given up.
    #expect(
      try await Self.words(of: "yes >&2 & exec yes", in: folder)
        == "it writes without end to its standard output, where QEMU's monitor was to answer")
  }

  @Test("is not waited for when what it leaves behind keeps its outputs, and that is ended")
  func leftBehind() async throws {
    let folder = try LedgerFolder()
    let words = try await Self.words(
      of: "sleep 1000 & echo $! >\(folder.path)/pid; echo no machine today >&2; exit 3", in: folder)
    #expect(words == "no machine today")
    let text = String(decoding: try FileSystem.read(folder.path + "/pid"), as: UTF8.self)
    let pid = try #require(Int32(text.filter(\.isNumber)))
    // Without a process of that number it is gone, and reaped by now.
    let sleeper = try? ChildProcess(adopting: pid)
    #expect(sleeper?.wait(until: .now + .seconds(600)) != nil || sleeper == nil)
    #expect(
      try await Self.words(of: "sleep 1000 & exit 3", in: folder)
        == "it exited with code 3 and did not answer on its monitor as QEMU does")
  }
}
