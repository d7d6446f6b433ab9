import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("up and down") struct UpAndDown {
    @Test("A hello guest comes up, says its line, and ls and status show it")
    func comesUp() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        #expect(try await fleet.wait(for: "hello", toSay: "READY").contains("READY"))
        let vm = try #require(try await fleet.json("ls").array?.first)
        #expect(vm["name"] == "hello")
        #expect(vm["lab"] == .null)
        #expect(vm["state"] == "running")
        #expect(vm["desired"] == "running")
        #expect(vm["profile"] == "hello")
        #expect(vm["restarts"] == 0)
        #expect(vm["pid"]?.int == (try fleet.guest().pid))
        let table = try await fleet.qemuvm("ls").output
        #expect(table.contains("hello") && table.contains("running"))
        #expect(try await fleet.qemuvm("status", "hello").output.contains("running"))
      }
    }

    @Test("A second up changes nothing")
    func repeatedUp() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        let before = try await fleet.status("hello")
        try await fleet.qemuvm("up", "--profile", "hello")
        let after = try await fleet.status("hello")
        for key in ["pid", "startedAt", "state", "uuid", "restarts"] { #expect(before[key] == after[key]) }
        #expect(try fleet.guests().count == 1)
      }
    }

    @Test("down ends the guest by its power button, and nothing of the VM is left")
    func goesDown() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        try await fleet.wait(for: "hello", toSay: "READY")
        let status = try await fleet.status("hello")
        let monitor = try await fleet.userMonitor(of: "hello")
        let guest = try fleet.guest()
        try await fleet.qemuvm("down", "hello")
        // A guest that turned itself off says so; `quit` and signals give other reasons.
        let shutdown = try await monitor.event { $0["event"] == "SHUTDOWN" }
        #expect(shutdown["data"]?["reason"] == "guest-shutdown")
        await guest.end()
        #expect(try fleet.guests().isEmpty)
        #expect(try await fleet.json("ls") == [])
        #expect(try FileSystem.names(in: fleet.state + "/vms") == [])
        for key in ["qmpSocket", "consoleSocket", "consoleLog", "qemuLog"] {
          #expect(!FileSystem.exists(try #require(status[key]?.string)), "\(key)")
        }
      }
    }

    @Test("Three VMs of a lab file come up at once, and down takes all of them")
    func threeAtOnce() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          {
            lab: "shop",  // and a comment
            vms: {
              db: { profile: "hello" },
              web: { profile: "hello", cpus: 2 },
              mail: { profile: "hello", memory: "32M", },
            },
          }
          """)
        let up = try await fleet.qemuvm("up")
        for name in ["db", "web", "mail"] { #expect((up.output + up.errors).contains(name)) }
        let vms = try #require(try await fleet.json("ls").array)
        #expect(Set(vms.compactMap { $0["name"]?.string }) == ["db", "web", "mail"])
        #expect(vms.allSatisfy { $0["lab"] == "shop" && $0["state"] == "running" })
        #expect(try fleet.guests().count == 3)
        try await fleet.qemuvm("down")
        #expect(try fleet.guests().isEmpty)
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("up --dry-run says what it would do and does nothing")
    func dryRun() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        let dry = try await fleet.qemuvm("up", "--dry-run")
        #expect((dry.output + dry.errors).contains("web"))
        #expect(try await fleet.json("ls") == [])
        #expect(try fleet.guests().isEmpty)
      }
    }

    @Test("One VM that fails is exit 1, and the others go on")
    func oneFails() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: "shop", vms: {
            bad: { profile: "hello", arguments: ["-device", "no-such-device"] },
            good: { profile: "hello" },
          } }
          """)
        let up = try await fleet.qemuvm("up", expecting: 1)
        #expect(up.errors.contains("bad"))
        #expect(up.errors.contains("no-such-device"))
        #expect(try await fleet.status("good")["state"] == "running")
        #expect(try await fleet.status("bad")["state"] == "failed")
      }
    }

    @Test("A guest that ignores the power button is ended in the end: exit 0, said on stderr")
    func ignoresTheButton() async throws {
      try await Fleet.run { fleet in
        try await fleet.defineObedient(.nothing, "stopTimeout: '300ms',")
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let down = try await fleet.qemuvm("down")
        #expect(down.errors.contains("web"))
        #expect(try fleet.guests().isEmpty)
        #expect(try await fleet.json("ls") == [])
      }
    }
  }
}
