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
        // The first two make what is made once: the log, the facts about QEMU, the queues' threads.
        for _ in 0..<2 { try await Self.cycle(fleet) }
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
