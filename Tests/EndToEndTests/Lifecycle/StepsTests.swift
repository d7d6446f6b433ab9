import JSON
import Testing

extension EndToEnd {
  @Suite("One step each") struct Steps {
    @Test("create, start, stop, start, rm: each does its step and no other")
    func stepByStep() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        #expect(try await fleet.status("web")["state"] == "stopped")
        #expect(try await fleet.status("web")["desired"] == "stopped")
        #expect(try fleet.guests().isEmpty)
        try await fleet.qemuvm("start", "web")
        let first = try await fleet.status("web")
        #expect(first["state"] == "running")
        try await fleet.qemuvm("stop", "web")
        let stopped = try await fleet.status("web")
        #expect(stopped["state"] == "stopped")
        #expect(stopped["desired"] == "stopped")
        #expect(stopped["pid"] == .null)
        #expect(try fleet.guests().isEmpty)
        try await fleet.qemuvm("start", "web")
        let second = try await fleet.status("web")
        #expect(second["state"] == "running")
        #expect(second["pid"] != first["pid"])
        #expect(second["uuid"] == first["uuid"])
        try await fleet.qemuvm("stop", "web")
        try await fleet.qemuvm("rm", "web")
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("restart gives a new process and counts no automatic restart")
    func restart() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let before = try await fleet.status("web")
        try await fleet.qemuvm("restart", "web")
        let after = try await fleet.status("web")
        #expect(after["state"] == "running")
        #expect(after["pid"] != before["pid"])
        #expect(after["restarts"] == 0)
        #expect(try fleet.guest().pid == after["pid"]?.int)
      }
    }

    @Test("kill pulls the plug at once, and nothing brings the VM back")
    func kill() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "restart: 'always',")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("kill", "web")
        // Nothing was asked before: neither the guest nor QEMU.
        let events = try await fleet.qemuvm("events", "--json").output.split(separator: "\n")
        let exits = try events.map { try JSONValue(parsing: String($0)) }.filter { $0["event"] == "exited" }
        #expect(exits.map { $0["signal"]?.int } == [9], "\(exits)")
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "stopped")
        #expect(vm["desired"] == "stopped")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("pause freezes the guest, unpause lets it go on, and both are what QEMU says")
    func pause() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        try await fleet.qemuvm("pause", "web")
        #expect(try await fleet.status("web")["state"] == "paused")
        let monitor = try await fleet.userMonitor(of: "web")
        #expect(try await monitor.execute("query-status")["status"] == "paused")
        try await fleet.qemuvm("unpause", "web")
        #expect(try await fleet.status("web")["state"] == "running")
        #expect(try await monitor.execute("query-status")["status"] == "running")
        #expect(try fleet.guest().pid == pid)
      }
    }

    @Test("The state follows a pause from the user's own monitor")
    func pausedByAnother() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let monitor = try await fleet.userMonitor(of: "web")
        try await monitor.execute("stop")
        try await fleet.wait(for: "shop/web", toBe: "paused")
        try await monitor.execute("cont")
        try await fleet.wait(for: "shop/web", toBe: "running")
      }
    }

    @Test("A paused guest is continued and stopped by its power button")
    func stopPaused() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        try await fleet.qemuvm("pause", "web")
        let monitor = try await fleet.userMonitor(of: "web")
        try await fleet.qemuvm("stop", "web")
        let shutdown = try await monitor.event { $0["event"] == "SHUTDOWN" }
        #expect(shutdown["data"]?["reason"] == "guest-shutdown")
      }
    }

    @Test("reset starts the guest anew in the same process")
    func reset() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let pid = try fleet.guest().pid
        let monitor = try await fleet.userMonitor(of: "web")
        try await fleet.qemuvm("reset", "web")
        _ = try await monitor.event { $0["event"] == "RESET" }
        let console = try fleet.start(["logs", "web", "-f"])
        try await console.output.read(until: "READY")
        try await console.output.read(until: "READY")
        console.signal(2)
        _ = try await console.end()
        #expect(try fleet.guest().pid == pid)
      }
    }

    @Test("rm refuses a VM that runs and says what to do")
    func removeRunning() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let refused = try await fleet.qemuvm("rm", "web", expecting: 1)
        #expect(refused.errors.contains("web"))
        #expect(refused.errors.contains("stop") || refused.errors.contains("down"))
        #expect(try await fleet.status("web")["state"] == "running")
      }
    }

    @Test("stop, start and down on a VM that is there already are no error")
    func repeated() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("start", "web")
        try await fleet.qemuvm("stop", "web")
        try await fleet.qemuvm("stop", "web")
        try await fleet.qemuvm("down", "web")
        #expect(try await fleet.json("ls") == [])
      }
    }
  }
}
