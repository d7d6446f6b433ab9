import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// What qemuvm finds out about guests that are alive, and perhaps useless.
  @Suite("Health") struct Health {
    /// Looks that take two seconds until a verdict: a QEMU that lives answers in less on a busy machine as well.
    private static let looks = "interval: '250ms', timeout: '1s', retries: 2"

    @Test("A guest is healthy when its console says so; up waits for it, ls and status tell")
    func console() async throws {
      try await Fleet.run { fleet in
        try fleet.define("health: { console: '^READY' },")
        try await fleet.qemuvm("up", "--wait", "healthy")
        #expect(try await fleet.status("web")["health"] == "healthy")
        #expect(try await fleet.qemuvm("ls").output.contains("running (healthy)"))
        try await fleet.qemuvm("stop", "web")
        #expect(try await fleet.status("web")["health"] == "none")
      }
    }

    @Test("A guest whose console stays silent is unhealthy and runs on; the late line makes it healthy")
    func late() async throws {
      try await Fleet.run { fleet in
        try fleet.define("health: { console: 'LATE', startPeriod: '200ms' },")
        let up = try await fleet.qemuvm("up", "--wait", "healthy", expecting: 1)
        #expect(up.errors.contains("has not shown 'LATE' within 0.2 s"), "\(up)")
        #expect(try await fleet.status("web")["state"] == "running")
        // hello echoes what is typed.
        let console = try await fleet.console(of: "web")
        try await console.write("LATE\n")
        let vm = try await fleet.wait(for: "web") { $0["health"] == "healthy" }
        #expect(vm["cause"] == "running")
      }
    }

    @Test("A guest that resets itself is to become healthy anew")
    func reset() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "health: { console: 'READY' },")
        try await fleet.qemuvm("up", "--wait", "healthy")
        let monitor = try await fleet.monitor()
        try await fleet.qemuvm("qmp", "web", "stop")
        _ = try await monitor.event { $0["data"]?["state"] == "paused" }
        try await fleet.qemuvm("reset", "web")
        try await fleet.qemuvm("unpause", "web")
        _ = try await monitor.event { $0["data"]?["health"] == "starting" }
        _ = try await monitor.event { $0["data"]?["health"] == "healthy" }
      }
    }

    @Test("A QEMU stopped by SIGSTOP is judged hung, killed and restarted; others are not delayed")
    func hangs() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          "{ lab: 'shop', vms: { sick: { profile: 'hello', health: { \(Self.looks) } }, "
            + "well: { profile: 'hello', health: { interval: '250ms' } } } }")
        try await fleet.qemuvm("up", "--wait", "healthy")
        let sick = try #require(try fleet.guests().first { $0.role == .guest("sick@shop") })
        sick.signal(SIGSTOP)
        let vm = try await fleet.wait(for: "sick") { $0["restarts"] == 1 && $0["health"] == "healthy" }
        #expect(sick.hasExited)
        #expect(try #require(vm["cause"]?.string).contains("stopped (SIGSTOP)"))
        #expect(try await fleet.status("well")["restarts"] == 0)
        let why = try await fleet.qemuvm("why", "sick").output
        #expect(why.contains("the guest hung: QEMU's monitor did not answer within 1 s, 2 times in a row"))
      }
    }

    @Test("A hung QEMU that a new supervisor finds is judged as well")
    func hangsWhileAway() async throws {
      try await Fleet.run { fleet in
        try fleet.define("health: { \(Self.looks) },")
        try await fleet.qemuvm("up", "--wait", "healthy")
        let guest = try fleet.guest()
        try await fleet.supervisor().kill()
        guest.signal(SIGSTOP)
        try await fleet.qemuvm("ls")
        try await fleet.wait(for: "web") { $0["restarts"] == 1 && $0["state"] == "running" }
        #expect(guest.hasExited)
      }
    }

    @Test(
      "A monitor that takes a connection and does not negotiate has not answered",
      .enabled(if: FileSystem.exists("/usr/bin/python3")))
    func notNegotiated() async throws {
      try await Fleet.run { fleet in
        let script = try await fleet.hostileQEMU()
        try fleet.write(
          """
          { lab: 'shop', vms: { mute: { profile: 'hello', qemu: '\(script)', accelerator: 'tcg',
            onHang: 'none', health: { \(Self.looks) } } } }
          """)
        try await fleet.qemuvm("up", "--wait", "healthy")
        let vm = try await fleet.wait(for: "mute") { $0["health"] == "unhealthy" }
        let cause = vm["cause"]?.string ?? ""
        #expect(cause.contains("did not answer within 1 s, 2 times in a row"), "\(vm)")
        // It is not only seen when that connection is given up.
        #expect(try fleet.text(of: script + ".count") == "2")
        try await fleet.qemuvm("kill", "mute")
      }
    }

    @Test("A silence that an earlier supervisor has seen ends with an answer to the next")
    func silenceOverAdoption() async throws {
      try await Fleet.run { fleet in
        try fleet.define("onHang: 'none', health: { \(Self.looks) },")
        try await fleet.qemuvm("up", "--wait", "healthy")
        let guest = try fleet.guest()
        guest.signal(SIGSTOP)
        try await fleet.wait(for: "web") { $0["health"] == "unhealthy" }
        let why = try await fleet.qemuvm("why", "web").output
        #expect(why.contains("'kill -CONT \(guest.pid)' lets QEMU go on."), "\(why)")
        await (try fleet.supervisor()).kill()
        guest.signal(SIGCONT)
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "web") { $0["health"] == "healthy" }
        #expect(vm["cause"] == "taken over by a new supervisor")
        #expect(try fleet.guest().pid == guest.pid)
      }
    }

    @Test("A boot of which the console has not told yet is not taken for one before it")
    func resetBeforeAdoption() async throws {
      try await Fleet.run { fleet in
        try fleet.define("health: { console: 'READY' },")
        try await fleet.qemuvm("up", "--wait", "healthy")
        try await fleet.qemuvm("pause", "web")
        // The guest is paused at its first instruction.
        try await fleet.qemuvm("reset", "web")
        try await fleet.wait(for: "web") { $0["health"] == "starting" }
        await (try fleet.supervisor()).kill()
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "web", toBe: "paused")
        #expect(vm["health"] == "starting")
        try await fleet.qemuvm("unpause", "web")
        try await fleet.wait(for: "web") { $0["health"] == "healthy" }
      }
    }

    @Test("With onHang 'reset' the guest is reset when QEMU hears it; with 'none' it is only said")
    func otherAnswers() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          "{ lab: 'shop', vms: { a: { profile: 'hello', onHang: 'reset', health: { \(Self.looks) } }, "
            + "b: { profile: 'hello', onHang: 'none', health: { \(Self.looks) } } } }")
        try await fleet.qemuvm("up", "--wait", "healthy")
        let guests = try fleet.guests()
        let monitor = try await fleet.monitor()
        for guest in guests { guest.signal(SIGSTOP) }
        for name in ["a", "b"] { try await fleet.wait(for: name) { $0["health"] == "unhealthy" } }
        #expect(try await fleet.status("a")["state"] == "running")
        for guest in guests { guest.signal(SIGCONT) }
        let reset = try await monitor.event { $0["data"]?["event"]?["event"] == "RESET" }
        #expect(reset["data"]?["name"] == "a")
        for name in ["a", "b"] { try await fleet.wait(for: name) { $0["health"] == "healthy" } }
        #expect(try fleet.guests().map(\.pid) == guests.map(\.pid))
      }
    }

    @Test("A pattern that is none is refused with its place")
    func invalid() async throws {
      try await Fleet.run { fleet in
        try fleet.define("health: { console: '(' },")
        let refused = try await fleet.qemuvm("up", expecting: 2)
        #expect(refused.errors.contains("health.console"))
      }
    }
  }
}
