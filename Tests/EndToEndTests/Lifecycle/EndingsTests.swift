import Host
import JSON
import Testing

extension EndToEnd {
  /// DESIGN.md's table 'Why a guest ended, and what follows', as far as firmware can end itself.
  @Suite("Why a guest ended, and what follows") struct Endings {
    @Test("kill -9 of QEMU brings the guest back, counted, with the signal named")
    func killed() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        first.signal(9)
        let vm = try await fleet.wait(for: "shop/web") {
          $0["state"] == "running" && $0["pid"]?.int != first.pid
        }
        #expect(vm["restarts"] == 1)
        #expect(vm["desired"] == "running")
        let cause = try #require(vm["cause"]?.string)
        #expect(cause.contains("signal 9") || cause.contains("SIGKILL"), "\(cause)")
        #expect(try fleet.guest().pid == vm["pid"]?.int)
      }
    }

    @Test("A killed QEMU is failed where the policy is no")
    func killedWithoutRestart() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: 'no',")
        try await fleet.qemuvm("up")
        try fleet.guest().signal(9)
        let vm = try await fleet.wait(for: "shop/web", toBe: "failed")
        let cause = try #require(vm["cause"]?.string)
        #expect(cause.contains("signal 9") || cause.contains("SIGKILL"), "\(cause)")
        #expect(vm["pid"] == .null)
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A guest that powers itself off is stopped, no longer wanted, and the cause says so")
    func poweredOff() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient()
        try await fleet.qemuvm("up")
        try await fleet.tellGuest("O")
        let vm = try await fleet.wait(for: "shop/web", toBe: "stopped")
        #expect(vm["desired"] == "stopped")
        let cause = try #require(vm["cause"]?.string)
        #expect(cause.contains("guest") && cause.contains("power"), "\(cause)")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A guest that powers itself off as soon as it runs is no failure of up")
    func poweredOffAtOnce() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.powerOff)
        try await fleet.qemuvm("up")
        let vm = try await fleet.wait(for: "shop/web", toBe: "stopped")
        #expect(vm["desired"] == "stopped")
      }
    }

    @Test("A guest that powers itself off comes back where the policy is always")
    func poweredOffAlways() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "restart: 'always',")
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        try await fleet.tellGuest("O")
        let vm = try await fleet.wait(for: "shop/web") {
          $0["state"] == "running" && $0["pid"]?.int != first.pid
        }
        #expect(vm["restarts"] == 1)
      }
    }

    @Test("A panicked guest is failed or restarted, as its policy says", arguments: ["no", "on-failure"])
    func panicked(policy: String) async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "restart: '\(policy)',")
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        try await fleet.tellGuest("P")
        let vm = try await fleet.wait(for: "shop/web") {
          policy == "no" ? $0["state"] == "failed" : $0["state"] == "running" && $0["pid"]?.int != first.pid
        }
        #expect(try #require(vm["cause"]?.string).contains("panic"))
        #expect(try fleet.guests().count == (policy == "no" ? 0 : 1))
      }
    }

    @Test("An exit code of QEMU's is named")
    func exitCode() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "restart: 'no',")
        try await fleet.qemuvm("up")
        try await fleet.tellGuest("X")
        let vm = try await fleet.wait(for: "shop/web", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("33"))
      }
    }

    @Test("A guest that resets itself goes on in its process")
    func resetsItself() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient()
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        let monitor = try await fleet.userMonitor(of: "web")
        try await fleet.tellGuest("R")
        _ = try await monitor.event { $0["event"] == "RESET" }
        #expect(try await fleet.status("web")["state"] == "running")
        #expect(try fleet.guest().pid == first.pid)
      }
    }

    @Test(
      "QEMU quit by the user's own monitor or ended by SIGTERM comes back", arguments: ["quit", "SIGTERM"])
    func endedFromOutside(way: String) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        if way == "quit" {
          try await fleet.userMonitor(of: "web").execute("quit")
        } else {
          first.signal(15)
        }
        let vm = try await fleet.wait(for: "shop/web") {
          $0["state"] == "running" && $0["pid"]?.int != first.pid
        }
        #expect(vm["restarts"] == 1)
      }
    }

    @Test("A crash loop ends in failed when the policy has a burst")
    func crashLoop() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(
          .exit, "restart: { policy: 'on-failure', delay: '10ms', burst: 3, window: '1m' },")
        _ = try await fleet.start(["up"]).end()
        let vm = try await fleet.wait(for: "shop/web", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("33"))
        #expect(vm["restarts"] == 2)
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("down during the back-off ends the restarts")
    func downDuringBackoff() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(
          .nothing, "restart: { policy: 'on-failure', delay: '1h', maxDelay: '1h' },")
        try await fleet.qemuvm("up")
        try await fleet.tellGuest("X")
        try await fleet.wait(for: "shop/web", toBe: "backoff")
        try await fleet.qemuvm("down")
        #expect(try await fleet.json("ls") == [])
        #expect(try fleet.guests().isEmpty)
      }
    }
  }
}
