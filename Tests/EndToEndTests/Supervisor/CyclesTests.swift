import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Many times") struct Cycles {
    /// What a supervisor holds, and what it has left on disk.
    struct Holdings: Equatable {
      let descriptors: [String]
      let processes: Int
      let files: [String]
    }

    /// `QEMUVM_CYCLES` in the environment makes it the full 200.
    private static let count = Fleet.variable("QEMUVM_CYCLES").flatMap(Int.init) ?? 10

    @Test("up and down, again and again, leak no descriptor, process, file or memory")
    func upAndDown() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        // The first make what is made once (the log, the facts about QEMU, the queues' threads), and fill what is kept up
        // to a limit: the ledger's last events, the allocator's own stock.
        for _ in 0..<max(2, Self.count / 4) { try await Self.cycle(fleet) }
        let supervisor = try fleet.supervisor()
        let monitor = try await fleet.monitor()
        let before = try await Self.holdings(of: fleet, asking: monitor)
        let bytesBefore = try supervisor.anonymousBytes()
        for _ in 0..<Self.count { try await Self.cycle(fleet) }
        #expect(try fleet.supervisor().pid == supervisor.pid)
        #expect(try await Self.holdings(of: fleet, asking: monitor) == before)
        let growth = try supervisor.anonymousBytes() - bytesBefore
        #expect(growth < 2 << 20, "\(growth) bytes in \(Self.count) cycles")
      }
    }

    @Test("crashes and restarts leak no descriptor and no watch")
    func crashes() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: { policy: 'always', delay: '0ms' },")
        try await fleet.qemuvm("up")
        let supervisor = try fleet.supervisor()
        var watches: [Int] = []
        var descriptors: [Int] = []
        for number in 1...30 {
          await (try fleet.guest()).kill()
          try await fleet.wait(for: "web") { $0["restarts"]?.int == number && $0["state"] == "running" }
          if number % 10 == 0 {
            watches.append(try Self.watchCount(of: supervisor))
            descriptors.append(try supervisor.descriptors().count)
          }
        }
        // A watch or a socket of the last run may be on its way out.
        #expect(watches.max() ?? 0 <= watches[0] + 3, "\(watches)")
        #expect(descriptors.max() ?? 0 <= descriptors[0] + 5, "\(descriptors)")
      }
    }

    /// How many files the kernel watches for a process; proc(5), fdinfo of inotify.
    private static func watchCount(of supervisor: FleetProcess) throws -> Int {
      let folder = "/proc/\(supervisor.pid)/fdinfo"
      // A descriptor that closes meanwhile has no watch any more.
      return try FileSystem.names(in: folder).compactMap { try? FileSystem.read("\(folder)/\($0)") }
        .reduce(0) { count, bytes in
          let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
          return count + lines.filter { $0.hasPrefix("inotify ") }.count
        }
    }

    private static func cycle(_ fleet: Fleet) async throws {
      try await fleet.qemuvm("up")
      try await fleet.qemuvm("down")
    }

    /// What it holds once the last command's connection is closed on its side, too.
    private static func holdings(of fleet: Fleet, asking monitor: PlainMonitor) async throws -> Holdings {
      // The end of that connection came before these requests, and the server takes what comes in turn: when the
      // first is answered the end was seen, when the second is, the descriptor is closed.
      for _ in 0..<2 { try await monitor.execute("query-supervisor") }
      return Holdings(
        descriptors: try fleet.supervisor().descriptors(),
        processes: try fleet.processes().count,
        files: try files(below: fleet.state) + files(below: fleet.runtime))
    }

    private static func files(below folder: String) throws -> [String] {
      try FileSystem.names(in: folder).flatMap { name in
        let path = folder + "/" + name
        return FileSystem.isDirectory(path) ? [path] + (try files(below: path)) : [path]
      }
    }
  }
}
