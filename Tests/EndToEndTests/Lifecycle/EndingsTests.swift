import Glibc
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

    @Test("up forgives the failures of a guest that runs")
    func forgiven() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: { delay: '0ms', burst: 3 },")
        for _ in 0..<2 {
          try await fleet.qemuvm("up")
          #expect(try await fleet.status("web")["restarts"] == 0)
          for number in 1...2 {
            await (try fleet.guest()).kill()
            try await fleet.wait(for: "web") { $0["restarts"]?.int == number && $0["state"] == "running" }
          }
        }
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
        #expect(vm["cause"] == "restarted: the guest powered itself off")
      }
    }

    @Test("A panicked guest is failed or restarted, as its policy says", arguments: ["no", "on-failure"])
    func panicked(policy: String) async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "restart: '\(policy)',")
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        try await fleet.tellGuest("last wordsP")
        let vm = try await fleet.wait(for: "shop/web") {
          policy == "no" ? $0["state"] == "failed" : $0["state"] == "running" && $0["pid"]?.int != first.pid
        }
        #expect(try #require(vm["cause"]?.string).contains("panic"))
        #expect(try fleet.guests().count == (policy == "no" ? 0 : 1))
        // What it said is told by the next supervisor as well, and not what the next guest says.
        for isNew in [false, true] {
          if isNew { await (try fleet.supervisor()).kill() }
          let console = try #require(try await fleet.json("why", "web")["failedConsole"]?.array)
          #expect(console.last?.string?.hasSuffix("last words") == true, "\(console)")
          let text = try await fleet.qemuvm("why", "web").output
          #expect(text.contains("The console's last lines before it failed"), "\(text)")
        }
      }
    }

    @Test("A panicked guest is kept, paused, where panic says pause, and stop ends it")
    func panickedAndKept() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "panic: 'pause',")
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        try await fleet.tellGuest("P")
        let vm = try await fleet.wait(for: "shop/web", toBe: "paused")
        #expect(try #require(vm["cause"]?.string).contains("panic"))
        #expect(try fleet.guest().pid == first.pid)
        try await fleet.qemuvm("supervisor", "stop")
        #expect(try await fleet.takenOver("web")["state"] == "paused")
        try await fleet.qemuvm("stop")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test(
      "A guest that misses its watchdog is reset, kept, or ended, as the definition says",
      arguments: ["reset", "pause", "poweroff"])
    func watchdog(action: String) async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(
          .nothing, "restart: 'no', watchdog: { device: 'ib700', action: '\(action)' },")
        try await fleet.qemuvm("up")
        try await fleet.tellGuest("W")
        let vm = try await fleet.wait(for: "shop/web") { $0["cause"]?.string?.contains("watchdog") == true }
        let states = ["reset": "running", "pause": "paused", "poweroff": "failed"]
        #expect(vm["state"]?.string == states[action])
        #expect(try fleet.guests().count == (action == "poweroff" ? 0 : 1))
      }
    }

    @Test("A guest that resets itself for ever is a failure, named as a boot loop")
    func bootLoop() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.reset, "restart: { policy: 'on-failure', delay: '10ms', burst: 2 },")
        _ = try await fleet.start(["up"]).end()
        let vm = try await fleet.wait(for: "shop/web", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("boot loop"))
        #expect(vm["restarts"] == 1)
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A QEMU that refuses to start is failed at once, with its exit code and its words")
    func refusesToStart() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: 'always', arguments: ['-device', 'no-such-device'],")
        let up = try await fleet.qemuvm("up", expecting: 1)
        #expect(up.errors.contains("web") && up.errors.contains("no-such-device"))
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "failed")
        let cause = try #require(vm["cause"]?.string)
        #expect(cause.contains("code 1") && cause.contains("no-such-device"), "\(cause)")
        #expect(vm["restarts"] == 0)
      }
    }

    @Test(
      "A QEMU that its sandbox kills before QMP answers is failed at once, and the cause says what is forbidden"
    )
    func forbidden() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: 'always', arguments: ['-netdev', 'bridge,id=n,br=virbr0'],")
        let up = try await fleet.qemuvm("up", expecting: 1)
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "failed" && vm["restarts"] == 0)
        // A newer QEMU is told no by its sandbox and says so itself.
        if up.errors.contains("Can't fork bridge helper: Operation not permitted") { return }
        #expect(up.errors.contains("killed by its sandbox (SIGSYS)"), "\(up)")
        #expect(try await fleet.qemuvm("why", "web").output.contains("script=no,downscript=no"))
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
          .panic, "restart: { policy: 'on-failure', delay: '10ms', burst: 3, window: '1m' },")
        _ = try await fleet.start(["up"]).end()
        let vm = try await fleet.wait(for: "shop/web", toBe: "failed")
        #expect(try #require(vm["cause"]?.string).contains("panic"))
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
        try await fleet.tellGuest("P")
        try await fleet.wait(for: "shop/web", toBe: "backoff")
        try await fleet.qemuvm("down")
        #expect(try await fleet.json("ls") == [])
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("down while the next start is being made ready leaves nothing, and nothing comes after it")
    func downDuringPreparation() async throws {
      try await Fleet.run { fleet in
        let (hold, deadly) = (fleet.folder + "/hold", fleet.folder + "/deadly")
        // While it is asked what it can, it waits for a line.
        let script = """
          #!/bin/sh
          case "$*" in
            *"-M none"*) if [ -p \(hold) ]; then read -r line <\(hold); fi ;;
            *) if [ -e \(deadly) ]; then kill -9 $$; fi ;;
          esac
          exec qemu-system-x86_64 "$@"
          """
        func replaceEmulator() throws {
          let path = try fleet.write(script, to: "emulator")
          guard chmod(path, 0o755) == 0 else { throw SystemError("chmod", path) }
        }
        try replaceEmulator()
        let keys = "profile: 'hello', qemu: '\(fleet.folder)/emulator', restart: { delay: '0ms' }"
        try fleet.write("{ lab: 'shop', vms: { web: { \(keys) }, next: { \(keys) } } }")
        try await fleet.qemuvm("up", "web")
        // A QEMU that dies as it starts is decided anew, and another program is asked anew.
        try fleet.write("", to: "deadly")
        try replaceEmulator()
        guard mkfifo(hold, 0o600) == 0 else { throw SystemError("mkfifo", hold) }
        try fleet.guest().signal(9)
        try await fleet.wait(for: "shop/web") { $0["restarts"] == 2 && $0["state"] == "starting" }
        let down = try fleet.start(["down"])
        try await fleet.wait(for: "shop/web", toBe: "stopped")
        try FileSystem.remove(deadly)
        let gate = try FileDescriptor.open(hold, O_RDWR)
        try gate.write(Array("go\n".utf8))
        #expect(try await down.end().status == .code(0))
        try FileSystem.remove(hold)
        // It is made ready behind the same question.
        try await fleet.qemuvm("up", "next")
        #expect(try await fleet.names() == ["shop/next"])
        #expect(try FileSystem.names(in: fleet.state + "/vms") == ["next@shop"])
      }
    }
  }
}
