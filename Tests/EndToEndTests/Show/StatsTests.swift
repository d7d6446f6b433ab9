import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("What VMs use") struct Use {
    /// What stats tells once each of these VMs has answered: on a busy host one may not do so in time.
    private static func stats(_ fleet: Fleet, answeredBy names: Set<String>) async throws -> [JSONValue] {
      for _ in 0..<60 {
        let all = try #require(try await fleet.json("stats").array)
        let silent = all.filter { $0["error"] != .null }.compactMap { $0["name"]?.string }
        if names.isDisjoint(with: silent) { return all }
      }
      throw SystemError("stats", "\(names) do not answer", code: 0)
    }

    @Test("stats tells each VM's use, in all its forms; of one that hangs what the kernel tells")
    func stats() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: "shop", networks: { lan: {} }, vms: {
            db: { profile: "hello", accelerator: "tcg", cpus: 2, memory: "24M", disks: [{ name: "data", size: "1M" }],
                  networks: ["lan"] },
            web: { profile: "hello", accelerator: "tcg", memory: "24M" },
            off: { profile: "hello" },
          } }
          """)
        try await fleet.qemuvm("up", "db", "web")
        try await fleet.qemuvm("create", "off")
        let all = try await Self.stats(fleet, answeredBy: ["db", "web"])
        #expect(all.map { $0["name"]?.string } == ["db", "off", "web"])
        let db = all[0]
        #expect(try #require(db["cpuSeconds"]?.double) > 0)
        #expect(try #require(db["residentBytes"]?.int) > 1 << 20)
        #expect(db["vcpuSeconds"]?.array?.isEmpty == false)
        #expect(db["memoryBytes"] == .integer(24 << 20))
        let disk = try #require(db["disks"]?.array?.first { $0["name"]?.string == "disk-data" })
        #expect(try #require(disk["allocatedBytes"]?.int) > 0)
        #expect(db["networks"]?.array?.first?["network"]?.string == "lan")
        #expect(all[1]["pid"] == .null && all[1]["cpuSeconds"] == .null)

        // A hung QEMU.
        let pid = try #require(all[2]["pid"]?.int)
        kill(Int32(pid), SIGSTOP)
        defer { kill(Int32(pid), SIGCONT) }
        let hung = try await Self.stats(fleet, answeredBy: ["db"])
        #expect(hung[2]["error"]?.string?.isEmpty == false)
        #expect(try #require(hung[2]["residentBytes"]?.int) > 1 << 20)
        kill(Int32(pid), SIGCONT)

        let table = try await fleet.qemuvm("stats", "db").output.split(separator: "\n")
        #expect(table.count == 2 && table[1].contains("shop/db") && table[1].contains("running"))
        let metrics = try await fleet.qemuvm("stats", "--format", "openmetrics").output
        #expect(
          metrics.contains("qemuvm_vm_cpus{vm=\"db\",lab=\"shop\"} 2\n") && metrics.hasSuffix("# EOF\n"))
        try await fleet.qemuvm("stats", "nobody", expecting: 3)
        try await fleet.qemuvm("stats", "--json", "--format", "table", expecting: 2)

        let watch = try fleet.start(["stats", "--watch", "--interval", "100ms", "--json"])
        _ = try await watch.read(until: "\n")
        _ = try await watch.read(until: "\n")
        watch.signal(SIGTERM)
        _ = try await watch.end()
      }
    }

    @Test("top shows VMs on the other screen, and leaves the terminal as it was")
    func top() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        let refused = try await fleet.qemuvm("top", expecting: 1)
        #expect(refused.errors.contains("needs a terminal"))
        for key in ["q", "\u{3}"] {
          let terminal = try Terminal(
            Fleet.binary, ["top", "--interval", "100ms"], environment: fleet.environment,
            directory: fleet.folder)
          let before = try terminal.settingsText()
          let screen = try await terminal.screen.read(until: "shop/web")
          #expect(screen.contains("\u{1B}[?1049h"))
          #expect(try terminal.isRaw)
          try await terminal.screen.write("n")
          try await terminal.screen.write(key)
          _ = try await terminal.screen.read(until: "\u{1B}[?1049l")
          #expect(await terminal.end() == .code(0))
          #expect(try terminal.settingsText() == before)
        }
      }
    }
  }
}
