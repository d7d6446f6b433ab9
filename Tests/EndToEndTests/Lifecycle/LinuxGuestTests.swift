import JSON
import Testing

extension EndToEnd {
  @Suite("A real Linux guest") struct LinuxGuest {
    @Test("It boots under TCG, says that it is ready, has a shell on the console and takes the power button")
    func wholeLife() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: "shop", vms: { web: {
            profile: "linux", accelerator: "tcg", cpus: 2, memoryPerCPU: "128M",
            kernel: "\(linux.kernel)", initrd: "\(linux.initrd)", append: "console=ttyS0 quiet guest.name=web",
          } } }
          """)
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "GUEST-READY")
        #expect(try await fleet.status("web")["memoryBytes"] == .integer(256 << 20))
        let shell = try await fleet.console(of: "web")
        try await shell.write("echo on $(hostname) with $(nproc) cpus, $((40 + 2))\n")
        try await shell.read(until: "on web with 2 cpus, 42")
        let monitor = try await fleet.userMonitor(of: "web")
        let down = try await fleet.qemuvm("down")
        #expect(down.errors.isEmpty || !down.errors.contains("force"))
        #expect(try await monitor.event { $0["event"] == "SHUTDOWN" }["data"]?["reason"] == "guest-shutdown")
        #expect(try await fleet.json("ls") == [])
      }
    }
  }
}
