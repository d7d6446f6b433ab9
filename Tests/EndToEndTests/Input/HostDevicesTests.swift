import Host
import JSON
import Testing

extension EndToEnd {
  /// CPUs, memory, threads and devices of the host's that a guest is given.
  @Suite("What a guest is given of the host") struct HostDevices {
    /// The CPUs that a test may be given, as the kernel lists them.
    private static func allowedCPUs(_ path: String = "/proc/self") throws -> String {
      let status = String(decoding: try FileSystem.read("\(path)/status"), as: UTF8.self)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
      return String(try #require(line.split(whereSeparator: \.isWhitespace).last))
    }

    @Test("vCPUs are bound at each start, and stay so under a new supervisor")
    func pinning() async throws {
      try await Fleet.run { fleet in
        let allowed = try Self.allowedCPUs()
        let numbers = allowed.split { !$0.isNumber }
        let (first, last) = (try #require(numbers.first), try #require(numbers.last))
        try fleet.define("accelerator: 'tcg', cpus: 2, cpuPinning: [\(last), '\(first)']")
        try await fleet.qemuvm("up")
        func bound() async throws -> [String] {
          let reply = try JSONValue(
            parsing: Array(try await fleet.qemuvm("qmp", "web", "query-cpus-fast").output.utf8))
          let pid = try fleet.guest().pid
          return try (reply.array ?? []).map { cpu in
            let thread = try #require(cpu["thread-id"]?.int)
            return try Self.allowedCPUs("/proc/\(pid)/task/\(thread)")
          }
        }
        #expect(try await bound() == [String(last), String(first)])
        let before = try fleet.guest()
        await before.kill()
        _ = try await fleet.wait(for: "web") {
          $0["state"]?.string == "running" && $0["pid"]?.int != Int(before.pid)
        }
        #expect(try await bound() == [String(last), String(first)])
        await (try fleet.supervisor()).kill()
        _ = try await fleet.takenOver("web")
        #expect(try await bound() == [String(last), String(first)])
        let status = try await fleet.qemuvm("status", "web").output
        #expect(status.contains("0 on \(last), 1 on \(first)"), "\(status)")
      }
    }

    @Test("A topology, NUMA nodes, I/O threads, sound and subnets of its own reach QEMU")
    func devices() async throws {
      try await Fleet.run { fleet in
        try fleet.define(
          """
          accelerator: 'tcg', topology: { sockets: 2, cores: 2 }, iothreads: 1, sound: 'ac97',
          numa: [{ memory: '8M', cpus: '0-2' }, { memory: '8M', cpus: 3 }],
          disks: [{ name: 'data', size: '1M', cache: 'none', aio: 'native' }],
          networks: [{ user: true, subnet: '192.168.76.0/24', hostname: 'box' }], ports: ['0:192.168.76.9:80'],
          """)
        try await fleet.qemuvm("up")
        let monitor = try await fleet.userMonitor(of: "web")
        let cpus = try await monitor.execute("query-cpus-fast").array ?? []
        #expect(
          cpus.map { $0["props"]?["socket-id"]?.int } == [0, 0, 1, 1]
            && cpus.map { $0["props"]?["node-id"]?.int } == [0, 0, 0, 1])
        #expect(try await monitor.execute("query-iothreads").array?.count == 1)
        let memory = try await monitor.execute("query-memdev").array ?? []
        #expect(memory.map { $0["size"]?.int } == [8 << 20, 8 << 20])
        #expect(try await fleet.status("web")["cpus"]?.int == 4)
        let net = try await monitor.execute(
          "human-monitor-command", ["command-line": "info usernet"])
        #expect(net.string?.contains("192.168.76.9") == true, "\(net)")
        // Nothing is left to be done at the next start.
        #expect(try await fleet.status("web")["pending"] == [])
      }
    }

    @Test(
      "What the host does not have is told before anything starts",
      arguments: [
        ("cpuPinning: '4095'", "cpuPinning: this host has no CPU 4095 that runs", "qemuvm.json5:1:"),
        (
          "pciPassthrough: ['ffff:ff:1f.7']", "pciPassthrough[0]: this host has no PCI device ffff:ff:1f.7",
          "lspci -D"
        ),
        ("hugepages: '16G', memory: '16G'", "hugepages: this host has no huge pages of 16G", "hugepages"),
      ])
    func missing(_ keys: String, _ reason: String, _ wayOut: String) async throws {
      try await Fleet.run { fleet in
        try fleet.define(keys)
        let refused = try await fleet.qemuvm("up", expecting: 1)
        #expect(refused.errors.contains(reason) && refused.errors.contains(wayOut), "\(refused.errors)")
        #expect(try fleet.guests().isEmpty)
      }
    }
  }
}
