import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Logs that are rotated") struct LogRotation {
    @Test("A guest that writes without end loses no line, whatever becomes of the supervisor meanwhile")
    func endless() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.number, "logs: { maxSize: '64K', keep: 1000 },")
        try await fleet.qemuvm("up")
        let follower = try fleet.start(["logs", "web", "-f"])
        var followed = ""
        for number in 1...7 {
          followed += try await follower.read(
            until: "\n0000\(String(number * 2, radix: 16).uppercased())000\n")
          await (try fleet.supervisor()).kill()
          // The next one finds a log that is full, and is killed while it is at it.
          try await fleet.qemuvm("ls")
        }
        // Not by a word on its console: QEMU (7.2) logs a byte once more for each time that a client cannot take it.
        try await fleet.qemuvm("kill", "web")
        let files = LogFiles(try #require(try await fleet.status("web")["consoleLog"]?.string))
        // Nobody rotates any more; what the last rotation was at stays as it is.
        try await fleet.qemuvm("supervisor", "stop")
        let written = try Self.joined(files)
        #expect(try files.present().old.count > 5)
        #expect(try Self.countLines(written) > 0xE000)
        followed += try await follower.read(until: String(decoding: written.suffix(20), as: UTF8.self))
        follower.signal(SIGINT)
        followed += try await follower.end().output
        let isFollowed = Array(followed.utf8) == written
        #expect(isFollowed)
      }
    }

    @Test("Words of an earlier QEMU are not taken for the last one's, though the log was rotated under it")
    func lastWords() async throws {
      try await Fleet.run { fleet in
        try fleet.define("logs: { maxSize: '64K', keep: 1 },")
        try await fleet.qemuvm("create")
        let log = try #require(try await fleet.status("web")["qemuLog"]?.string)
        let older = String(repeating: "a word of an older one\n", count: 5000)
        try FileDescriptor.openLog(log).write(Array(older.utf8))
        let renames = FileDescriptor(owning: inotify_init1(Int32(IN_CLOEXEC)))
        let watch = inotify_add_watch(renames.rawValue, FileSystem.parent(of: log), UInt32(IN_MOVED_TO))
        try #require(watch >= 0)
        let names = ByteStream(renames)
        try await fleet.qemuvm("start", "web")
        try await names.read(until: "qemu.1.log")
        // A QEMU that is killed says nothing.
        await (try fleet.guest()).kill()
        try await fleet.wait(for: "web") { $0["restarts"] == 1 && $0["state"] == "running" }
        let first = try await fleet.qemuvm("events", "--json").output
        #expect(first.contains(#""event":"exited""#) && !first.contains("older"))
        // As QEMU's stderr is: opened to append.
        try FileDescriptor.openLog(log).write(Array("its last\n".utf8))
        await (try fleet.guest()).kill()
        try await fleet.wait(for: "web") { $0["restarts"] == 2 && $0["state"] == "running" }
        #expect(try await fleet.qemuvm("events", "--json").output.contains("its last"))
      }
    }

    /// All that the guest wrote, the oldest first; a head that is being cut off counts once.
    private static func joined(_ files: LogFiles) throws -> [UInt8] {
      let (cut, old) = try files.present()
      let heads = old.reversed().map(files.old) + (cut.map { [files.path(of: $0)] } ?? [])
      let log = try FileDescriptor.open(files.current, O_RDONLY)
      let start = if let cut, cut.stage == .punch { cut.head } else { try log.dataStart() }
      let rest = try FileSystem.read(files.current).dropFirst(Int(start))
      return try heads.flatMap { try FileSystem.read($0) } + rest
    }

    /// How many whole numbered lines there are, each with the number behind the last one's.
    private static func countLines(_ bytes: [UInt8]) throws -> Int {
      let greeting = Array("READY\r\n".utf8)
      try #require(bytes.starts(with: greeting))
      var count = 0
      let lines = bytes.dropFirst(greeting.count).split(
        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // It was killed in the last one.
      for line in lines.dropLast() {
        let word = String(decoding: line.prefix(100), as: UTF8.self)
        try #require(
          line.count == 8 && Int(word, radix: 16) == count,
          "at byte \(line.startIndex) of \(bytes.count): \(word.debugDescription) for \(count)")
        count += 1
      }
      return count
    }
  }
}
