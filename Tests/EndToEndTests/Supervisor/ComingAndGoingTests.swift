import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Supervisors that come and go") struct ComingAndGoing {
    @Test(
      "A command beside the start of 'supervisor run' reaches it, and it takes over from one that a command started"
    )
    func besideAStart() async throws {
      try await Fleet.run { fleet in
        for _ in 0..<10 {
          let commands = try (0..<3).map { _ in try fleet.start(["ls"]) }
          let supervisor = try fleet.start(["supervisor", "run"])
          for command in commands {
            let outcome = try await command.end()
            #expect(outcome.code == 0, "\(outcome)")
          }
          try await supervisor.errors.read(until: "listens at")
          let shown = try await fleet.json("supervisor", "status")
          #expect(shown["pid"]?.int == Int(supervisor.process.pid))
          try await fleet.qemuvm("supervisor", "stop")
          #expect(try await supervisor.end().code == 0)
        }
      }
    }

    @Test("Commands that meet a supervisor on its way out are answered by the next")
    func onItsWayOut() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create")
        for round in 0..<10 {
          let commands = try ["ls", "status web", "update web --cpus \(round + 1)", "args web", "ls"].map {
            try fleet.start($0.split(separator: " ").map(String.init))
          }
          for supervisor in try fleet.supervisors() { supervisor.signal(SIGTERM) }
          for command in commands {
            let outcome = try await command.end()
            #expect(outcome.code == 0, "\(outcome)")
          }
          #expect(try await fleet.status("web")["cpus"]?.int == round + 1)
        }
        try await fleet.qemuvm("rm", "web")
      }
    }

    @Test("A command that was stopped with the lock of starting in hand holds up nobody for long")
    func heldStartLock() async throws {
      try await Fleet.run { fleet in
        try FileSystem.makeDirectory(fleet.state)
        guard let lock = try FileLock.take(fleet.state + "/start.lock") else {
          throw SystemError("flock", fleet.state, code: EWOULDBLOCK)
        }
        try await fleet.qemuvm("ls")
        try await fleet.qemuvm("supervisor", "stop")
        withExtendedLifetime(lock) {}
      }
    }

    @Test(
      "With --guests every guest powers off, stays wanted, and is not started again before the host's next boot"
    )
    func withGuests() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: 'shop', vms: { web: { profile: 'hello', restart: 'always' }, db: { profile: 'hello' },
                                idle: { profile: 'hello' } } }
          """)
        try await fleet.qemuvm("create", "idle")
        try await fleet.qemuvm("up", "web", "db")
        try await fleet.wait(for: "web", toSay: "READY")
        try await fleet.qemuvm("pause", "db")
        let monitor = try await fleet.userMonitor(of: "web")
        let supervisor = try fleet.supervisor()
        let stop = try await fleet.qemuvm("supervisor", "stop", "--guests")
        #expect(stop.errors.contains("shop/web: stopped") && !stop.errors.contains("trying"), "\(stop)")
        #expect(try await monitor.event { $0["event"] == "SHUTDOWN" }["data"]?["reason"] == "guest-shutdown")
        #expect(supervisor.hasExited)
        #expect(try fleet.guests().isEmpty)
        // Whoever looks meanwhile starts none.
        for _ in 0..<2 {
          for (name, desired) in [("web", "running"), ("db", "running"), ("idle", "stopped")] {
            let vm = try await fleet.status(name)
            #expect(vm["state"] == "stopped" && vm["desired"]?.string == desired, "\(vm)")
          }
          try await fleet.qemuvm("supervisor", "stop")
        }
        try await fleet.qemuvm("start", "web")
        try await fleet.qemuvm("down")
      }
    }

    @Test("With --guests a supervisor that is killed before its guests are down is no success")
    func killedWithGuests() async throws {
      try await Fleet.run { fleet in
        // A guest that takes no power button.
        try await fleet.defineObedient(.nothing, "stopTimeout: '1h',")
        try await fleet.qemuvm("up")
        let stop = try fleet.start(["supervisor", "stop", "--guests"])
        try await stop.errors.read(until: "stopping")
        await (try fleet.supervisor()).kill()
        let outcome = try await stop.end()
        #expect(outcome.code == 5 && outcome.errors.contains("before its guests were down"), "\(outcome)")
        try await fleet.qemuvm("kill", "web")
      }
    }

    @Test("With --guests beside an 'up' in flight, no guest is left and each command ends")
    func withGuestsBesideUp() async throws {
      try await Fleet.run { fleet in
        let names = (1...6).map { "vm\($0)" }
        try fleet.write(
          "{ lab: 'x', vms: { \(names.map { "\($0): { profile: 'hello' }" }.joined(separator: ", ")) } }")
        try await fleet.qemuvm("create")
        for _ in 0..<3 {
          let up = try fleet.start(["up"])
          _ = try await up.errors.read(until: "starting")
          try await fleet.qemuvm("supervisor", "stop", "--guests")
          let outcome = try await up.end()
          #expect(outcome.code != nil, "\(outcome)")
          #expect(try fleet.guests().isEmpty)
        }
        try await fleet.qemuvm("down")
      }
    }

    @Test("A command without a descriptor to spare ends, whatever it is at")
    func withoutDescriptors() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        // As a logout takes it away, and then nobody but root may make it again.
        try FileSystem.removeTree(fleet.runtime)
        try FileSystem.replace(fleet.runtime, with: [], durable: false)
        // One that is stopped puts no socket back.
        let supervisor = try fleet.supervisor()
        supervisor.signal(SIGSTOP)
        for count in 4...12 {
          let command = try Program(
            "/usr/bin/prlimit", ["--nofile=\(count)", Fleet.binary, "ls", "--timeout", "1s"],
            environment: fleet.environment, directory: fleet.folder)
          let outcome = try await command.end(within: .seconds(60))
          #expect(outcome.code != nil && outcome.code != 0, "\(outcome)")
        }
        supervisor.signal(SIGCONT)
        try FileSystem.remove(fleet.runtime)
        try await fleet.qemuvm("ls")
      }
    }

    @Test("A supervisor in the foreground stays when there is nothing to do")
    func stays() async throws {
      try await Fleet.run(["QEMUVM_IDLE_SECONDS": "0"]) { fleet in
        let supervisor = try fleet.start(["supervisor", "run"])
        try await supervisor.errors.read(until: "listens at")
        for _ in 0..<5 {
          let shown = try await fleet.json("supervisor", "status")
          #expect(shown["pid"]?.int == Int(supervisor.process.pid))
        }
        supervisor.signal(SIGTERM)
        #expect(try await supervisor.end().code == 0)
      }
    }
  }
}
