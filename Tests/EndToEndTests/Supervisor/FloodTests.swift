import Host
import JSON
import Testing

extension EndToEnd {
  /// Guests, and QEMUs that a guest has taken over, which say as much as they can.
  @Suite("A flood from one VM costs others nothing") struct Floods {
    /// What the supervisor may have taken at any time, in bytes.
    private static let mostMemory = 64 << 20

    @Test("Guests that crash and reset without end: others are answered and killed, and memory stays")
    func guests() async throws {
      try await Fleet.run { fleet in
        let (crashes, reset) = (try await Guests.firmware(.crashes), try await Guests.firmware(.reset))
        func storm(_ name: String, _ firmware: String) -> String {
          """
          \(name): { profile: 'hello', firmware: '\(firmware)', accelerator: 'tcg',
            arguments: ['-device', 'pvpanic'], restart: { resetAfter: '1ms' } },
          """
        }
        try fleet.write(
          """
          { lab: 'shop', vms: { ok: { profile: 'hello' }, gone: { profile: 'hello' },
            \(storm("a", crashes)) \(storm("b", reset)) } }
          """)
        try await fleet.qemuvm("up", "ok", "gone")
        let supervisor = try fleet.supervisor()
        let monitor = try await fleet.monitor()
        try await fleet.qemuvm("up", "a", "b")
        var counts: [String: Int] = [:]
        var kills = 0
        while counts["a"] ?? 0 < 100_000 || counts["b"] ?? 0 < 300 {
          let event = try await monitor.event { $0["event"] == "VM_EVENT" }
          guard let name = event["data"]?["name"]?.string,
            ["GUEST_CRASHLOADED", "RESET"].contains(event["data"]?["event"]?["event"]?.string)
          else { continue }
          counts[name, default: 0] += event["data"]?["count"]?.int ?? 1
          if counts["a"] ?? 0 > 10_000, kills == 0 {
            kills += 1
            #expect(try await fleet.status("ok")["state"] == "running")
            try await fleet.qemuvm("kill", "gone")
          }
        }
        #expect(kills == 1)
        #expect(try await fleet.status("gone")["state"] == "stopped")
        try await fleet.qemuvm("kill", "a")
        #expect(try await fleet.status("ok")["state"] == "running")
        let peak = try supervisor.peakBytes()
        #expect(peak < Self.mostMemory, "\(peak) bytes")
      }
    }

    @Test("A storm that is over wakes the supervisor no more", .timeLimit(.minutes(10)))
    func over() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.crashes)
        try await fleet.qemuvm("ls")
        let monitor = try await fleet.monitor()
        try await fleet.qemuvm("up")
        var count = 0
        while count < 1000 {
          let event = try await monitor.event { $0["event"] == "VM_EVENT" }
          count += event["data"]?["count"]?.int ?? 1
        }
        await monitor.close()
        // Its QEMU and the connection to it stay.
        try await fleet.qemuvm("pause", "web")
        let supervisor = try fleet.supervisor()
        // What is held back yet is told within moments; then it rests for as long as one cares to look.
        while try await supervisor.switches(in: .seconds(1)) > 10 {}
        #expect(try await supervisor.switches(in: .seconds(2)) <= 10)
        try await fleet.qemuvm("kill", "web")
      }
    }

    @Test(
      "A QEMU that turns hostile: long events, many, and a long reply drop no client and take no memory",
      .enabled(if: FileSystem.exists("/usr/bin/python3")))
    func hostile() async throws {
      try await Fleet.run { fleet in
        try await Self.define("loud", in: fleet)
        try await fleet.qemuvm("up", "ok")
        let supervisor = try fleet.supervisor()
        // It reads nothing while the flood comes.
        let slow = try await fleet.monitor()
        let monitor = try await fleet.monitor()
        try await fleet.qemuvm("up", "loud")
        _ = try await monitor.event { $0["data"]?["event"]?["event"] == "DONE" }
        let big = try await slow.event { $0["data"]?["event"]?["event"] == "BIG" }
        #expect(big["data"]?["cutBytes"]?.int ?? 0 > 6_000_000)
        #expect(big["data"]?["event"]?["data"] == nil)
        let command: JSONObject = ["execute": "query-big"]
        let reply = try await monitor.reply(
          to: "vm-execute", ["name": "loud", "command": .object(command), "timeout": 60])
        #expect(reply["error"]?["desc"]?.string?.contains("qmpSocket") == true, "\(reply)")
        #expect(try await slow.execute("query-vms").array?.count == 2)
        let records = try await slow.execute("query-events")["events"]?.array ?? []
        #expect(records.contains { $0["name"] == "ok" && $0["event"] == "spawned" })
        let watchdogs = records.filter { $0["event"] == "qmp" }
        #expect((1...20).contains(watchdogs.count), "\(watchdogs.count) records")
        let peak = try supervisor.peakBytes()
        #expect(peak < Self.mostMemory, "\(peak) bytes")
        try await fleet.qemuvm("kill", "loud")
      }
    }

    @Test(
      "A QEMU that ends each connection is asked ever more rarely",
      .enabled(if: FileSystem.exists("/usr/bin/python3")))
    func closing() async throws {
      try await Fleet.run { fleet in
        let script = try await Self.define("closing", in: fleet)
        try await fleet.qemuvm("create", "closing")
        let monitor = try await fleet.monitor()
        try await monitor.execute("start", ["name": "closing"])
        // Time enough for thousands of connections.
        for _ in 0..<3 {
          try await fleet.qemuvm("up", "ok")
          try await fleet.qemuvm("down", "ok")
        }
        let count = try #require(Int(try fleet.text(of: script + ".count")))
        #expect(count < 200)
        try await fleet.qemuvm("kill", "closing")
      }
    }

    @Test(
      "A QEMU that says a signal ends it, and stays, is made to end",
      .enabled(if: FileSystem.exists("/usr/bin/python3")))
    func stuck() async throws {
      try await Fleet.run { fleet in
        try await Self.define("stuck", "restart: 'no'", in: fleet)
        // Whether it still runs then or has ended.
        _ = try await fleet.start(["up", "stuck"]).end()
        let vm = try await fleet.wait(for: "stuck", toBe: "stopped")
        #expect(vm["desired"] == "running")
        #expect(try #require(vm["cause"]?.string).hasPrefix("QEMU was ended from outside (host-signal)"))
        #expect(try fleet.guests().isEmpty)
      }
    }

    /// Defines `ok` and a VM whose QEMU is the hostile one, and gives its program.
    @discardableResult
    private static func define(
      _ name: String, _ keys: String = "", in fleet: Fleet
    ) async throws -> String {
      let script = try await fleet.hostileQEMU()
      try fleet.write(
        """
        { lab: 'shop', vms: { ok: { profile: 'hello' },
          \(name): { profile: 'hello', qemu: '\(script)', accelerator: 'tcg', \(keys) } } }
        """)
      return script
    }
  }
}

extension Fleet {
  /// The program that stands in the place of a QEMU that has turned hostile, copied into the working directory.
  func hostileQEMU() async throws -> String {
    let source = FileSystem.parent(of: FileSystem.parent(of: #filePath)) + "/Guests/hostile-qemu.py"
    let script = folder + "/hostile-qemu.py"
    _ = try await tool("cp", [source, script])
    return script
  }
}

extension FleetProcess {
  /// The most that was ever resident, in bytes: VmHWM of proc(5).
  fileprivate func peakBytes() throws -> Int {
    try number("VmHWM", in: "/proc/\(pid)/status") * 1024
  }

  /// How often its threads have given up a CPU by themselves within a time: each was woken as often.
  fileprivate func switches(in time: Duration) async throws -> Int {
    let before = try switches()
    try await Task.sleep(for: time)
    return try switches() - before
  }

  private func switches() throws -> Int {
    let threads = "/proc/\(pid)/task"
    return try FileSystem.names(in: threads).reduce(0) {
      $0 + (try number("voluntary_ctxt_switches", in: "\(threads)/\($1)/status"))
    }
  }

  private func number(_ key: String, in file: String) throws -> Int {
    let text = String(decoding: try FileSystem.read(file), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(key):") })
    return try #require(Int(line.filter(\.isNumber)))
  }
}
