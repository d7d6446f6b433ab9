import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Guests outlive the supervisor") struct Survival {
    /// How a supervisor can go.
    enum Departure: String, CaseIterable, Sendable {
      case stopCommand
      case terminated
      case killed
    }

    @Test(
      "A supervisor that goes leaves its guest running, and the next command takes it back",
      arguments: Departure.allCases)
    func takenBack(departure: Departure) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let (guest, before) = (try fleet.guest(), try await fleet.status("web"))
        try await Self.end(try fleet.supervisor(), departure, of: fleet)
        #expect(!guest.hasExited)
        let after = try await fleet.takenOver("web")
        for key in ["pid", "state", "desired", "uuid", "restarts", "startedAt", "accelerator"] {
          #expect(before[key] == after[key], "\(key)")
        }
        #expect(try fleet.guest().pid == guest.pid)
        try await fleet.qemuvm("qmp", "web", "query-status")
        let monitor = try await fleet.userMonitor(of: "web")
        try await fleet.qemuvm("down", "web")
        #expect(try await monitor.event { $0["event"] == "SHUTDOWN" }["data"]?["reason"] == "guest-shutdown")
      }
    }

    @Test("A paused guest that was reset is still paused for the next supervisors")
    func pausedAndReset() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("pause", "web")
        try await fleet.qemuvm("reset", "web")
        for _ in 0..<2 {
          try await Self.end(try fleet.supervisor(), .killed, of: fleet)
          let vm = try await fleet.takenOver("web")
          #expect(vm["state"] == "paused" && vm["cause"] == "paused by the user")
        }
        try await fleet.qemuvm("unpause", "web")
        #expect(try await fleet.status("web")["state"] == "running")
      }
    }

    @Test("A QEMU started behind a paused one, of which nothing was written yet, is not taken for paused")
    func pausedOneBefore() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("pause", "web")
        let file = fleet.state + "/vms/web@shop/state.json"
        let before = try FileSystem.read(file)
        await (try fleet.guest()).kill()
        let second = try await fleet.wait(for: "shop/web", toBe: "running")["pid"]
        let monitor = try await fleet.userMonitor(of: "web")
        try await Self.end(try fleet.supervisor(), .killed, of: fleet)
        // As it is before the first `cont`.
        try await monitor.execute("stop")
        try await monitor.execute("system_reset")
        #expect(try await monitor.execute("query-status")["status"] == "prelaunch")
        try FileSystem.replace(file, with: before, durable: false)
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "shop/web", toBe: "running")
        #expect(vm["pid"] == second && vm["startedAt"]?.string != nil)
      }
    }

    @Test("A guest that vanished while no supervisor ran is started again")
    func vanishedMeanwhile() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        try await Self.end(try fleet.supervisor(), .killed, of: fleet)
        await guest.kill()
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "shop/web", toBe: "running")
        #expect(vm["pid"]?.int != guest.pid)
        #expect(try !#require(vm["cause"]?.string).isEmpty)
      }
    }

    @Test("An end is told once, wherever its supervisor died between the ledger and the state")
    func toldOnce() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: 'no',")
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        let (state, ledger) = (fleet.state + "/vms/web@shop/state.json", fleet.state + "/ledger.jsonl")
        try await fleet.keptState { $0["phase"] == "running" }
        let (stateBefore, ledgerBefore) = (try FileSystem.read(state), try FileSystem.read(ledger))
        await guest.kill()
        try await fleet.wait(for: "web", toBe: "failed")
        // A supervisor that leaves has written what it knows.
        try await fleet.qemuvm("supervisor", "stop")
        try await fleet.qemuvm("ls")
        let (stateAfter, ledgerAfter) = (try FileSystem.read(state), try FileSystem.read(ledger))
        for (state_, ledger_) in [(stateBefore, ledgerAfter), (stateAfter, ledgerBefore)] {
          await (try fleet.supervisor()).kill()
          try FileSystem.replace(state, with: state_, durable: false)
          try FileSystem.replace(ledger, with: ledger_, durable: false)
          let vm = try await fleet.status("web")
          #expect(vm["state"] == "failed")
          #expect(
            try #require(vm["cause"]?.string).hasPrefix("QEMU was killed by signal 9 (SIGKILL)"), "\(vm)")
          let events = try await fleet.qemuvm("events", "web", "--json").output
          let records = try events.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
          let exits = records.filter { $0["event"] == "exited" && $0["pid"]?.int == guest.pid }
          #expect(exits.count == 1 && exits[0]["signal"] == 9, "\(events)")
          #expect(!records.contains { $0["ending"] == "vanished" })
          #expect(records.last { $0["event"] == "state" }?["state"] == "failed", "\(events)")
        }
      }
    }

    @Test("A guest that powered itself off while no supervisor ran is stopped, and the cause says so")
    func poweredOffMeanwhile() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let monitor = try await fleet.userMonitor(of: "web")
        try await Self.end(try fleet.supervisor(), .killed, of: fleet)
        try await monitor.execute("system_powerdown")
        _ = try await monitor.event { $0["event"] == "SHUTDOWN" }
        try await fleet.qemuvm("ls")
        let vm = try await fleet.wait(for: "shop/web", toBe: "stopped")
        #expect(vm["desired"] == "stopped")
        #expect(try #require(vm["cause"]?.string).contains("power"))
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A stopped VM stays stopped when its supervisor is killed and another starts")
    func stoppedStaysStopped() async throws {
      try await Fleet.run { fleet in
        try fleet.define("restart: 'always',")
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("stop", "web")
        try await Self.end(try fleet.supervisor(), .killed, of: fleet)
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "stopped")
        #expect(vm["desired"] == "stopped")
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("A restart that a hung QEMU kept waiting is done by the next supervisor", arguments: [false, true])
    func restartOfASilentOne(isAsked: Bool) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        guest.signal(SIGSTOP)
        if isAsked {
          let restart = try fleet.start(["restart", "web"])
          try await fleet.wait(for: "web", toBe: "stopping")
          await (try fleet.supervisor()).kill()
          _ = try await restart.end()
          try await fleet.qemuvm("ls")
        } else {
          await (try fleet.supervisor()).kill()
          try await fleet.qemuvm("restart", "web")
        }
        let vm = try await fleet.wait(for: "web", toBe: "running")
        #expect(guest.hasExited && vm["pid"]?.int != guest.pid)
        #expect(vm["cause"] == "running" && vm["restarts"] == 0)
      }
    }

    @Test("A QEMU whose backlog is full is asked as soon as there is room")
    func fullBacklog() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let guest = try fleet.guest()
        guest.signal(SIGSTOP)
        await (try fleet.supervisor()).kill()
        var waiting: [FileDescriptorBox] = []
        while let one = try? UnixSocket.connect(to: fleet.state + "/vms/web@shop/monitor.sock") {
          waiting.append(FileDescriptorBox(one))
        }
        #expect(waiting.count > 100)
        #expect(try await fleet.qemuvm("ls").output.contains("has not answered yet"))
        waiting = []
        guest.signal(SIGCONT)
        let vm = try await fleet.wait(for: "web", toBe: "running")
        #expect(vm["pid"]?.int == guest.pid)
      }
    }

    private static func end(_ supervisor: FleetProcess, _ departure: Departure, of fleet: Fleet) async throws
    {
      switch departure {
      case .stopCommand: try await fleet.qemuvm("supervisor", "stop")
      case .terminated: supervisor.signal(15)
      case .killed: supervisor.signal(9)
      }
      await supervisor.end()
    }
  }
}
