import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A guest for one command") struct Run {
    /// Nothing of any VM is left in the state folder or among the processes.
    private static func expectNothing(
      of fleet: Fleet, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      #expect(try await fleet.names() == [], sourceLocation: sourceLocation)
      #expect(try fleet.guests().isEmpty, sourceLocation: sourceLocation)
      for folder in ["vms", "disks"] where FileSystem.exists(fleet.state + "/" + folder) {
        #expect(try FileSystem.names(in: fleet.state + "/" + folder) == [], sourceLocation: sourceLocation)
      }
    }

    /// Returns when the supervisor knows no VM any more.
    private static func awaitNothing(of fleet: Fleet) async throws {
      let monitor = try await fleet.monitor()
      while try await monitor.execute("query-vms") != [] {
        _ = try await monitor.event { $0["event"] == "VM_REMOVED" }
      }
    }

    @Test("A command has its input, outputs and exit code, and nothing is left of its guest")
    func command() async throws {
      let linux = try await Guests.linux()
      try await Fleet.run { fleet in
        try fleet.write(
          """
          {
            extends: "linux", accelerator: "tcg", memory: "256M", cloudInit: { user: "admin" },
            disks: [{ name: "scratch", size: "1M" }],
            kernel: "\(linux.kernel)", initrd: "\(linux.initrd)",
            append: "console=ttyS0 quiet guest.addr=10.0.2.15/24",
          }
          """, to: "qemu-profiles/tiny.json5")
        try await fleet.qemuvm("ls")
        let program = try fleet.start([
          "run", "tiny", "--name", "box", "--", "cat; cat /proc/sys/kernel/hostname >&2; exit 7",
        ])
        // Under a supervisor that did not see it made.
        try await fleet.wait(for: "box", toBe: "running")
        await (try fleet.supervisor()).kill()
        try await program.input.write("line 1\nline 2")
        let outcome = try await program.end()
        #expect(outcome.status == .code(7))
        #expect(outcome.output == "line 1\nline 2")
        #expect(outcome.errors == "box\n")
        try await Self.expectNothing(of: fleet)
      }
    }

    @Test(
      "However the command ends, its guest goes with it",
      arguments: [(SIGKILL, false), (SIGINT, false), (SIGKILL, true)])
    func death(_ signal: Int32, _ hasNoSupervisor: Bool) async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          "{ extends: 'hello', disks: [{ name: 'scratch', size: '1M' }] }", to: "qemu-profiles/one.json5")
        try await fleet.qemuvm("ls")
        let program = try fleet.start(["run", "one", "--name", "box"])
        try await fleet.wait(for: "box", toBe: "running")
        #expect(try FileSystem.names(in: fleet.state + "/disks") != [])
        // A name that is taken is another's.
        let taken = try await fleet.qemuvm("run", "hello", "--name", "box", expecting: 1)
        #expect(taken.errors.contains("box: cannot run: it exists already"), "\(taken.errors)")
        if hasNoSupervisor { await (try fleet.supervisor()).kill() }
        program.signal(signal)
        #expect(try await program.end().status == .signal(signal))
        try await fleet.qemuvm("ls")
        try await Self.awaitNothing(of: fleet)
        try await Self.expectNothing(of: fleet)
      }
    }

    @Test("A guest that ends by itself ends the command, and what cannot be is told before anything is made")
    func ends() async throws {
      try await Fleet.run { fleet in
        let firmware = try await Guests.firmware(.nothing)
        try await fleet.qemuvm("ls")
        let program = try fleet.start([
          "run", "hello", "--accelerator", "tcg", "--firmware", firmware, "--name", "box",
        ])
        try await fleet.wait(for: "box", toBe: "running")
        try await fleet.wait(for: "box", toSay: "READY")
        let other = try await fleet.qemuvm(
          "up", "--profile", "hello", "--name", "box", "--accelerator", "tcg", "--firmware", firmware,
          expecting: 1)
        #expect(other.errors.contains("goes with that command"), "\(other)")
        try await program.input.write("O")
        let outcome = try await program.end()
        #expect(outcome.status == .code(0) && outcome.errors == "", "\(outcome)")
        try await Self.expectNothing(of: fleet)
        let useless = try await fleet.qemuvm("run", "hello", "--", "true", expecting: 1)
        #expect(useless.errors.contains("no ssh leads into a guest of the profile 'hello'"))
        let unknown = try await fleet.qemuvm("run", "helo", expecting: 2)
        #expect(unknown.errors.contains("did you mean 'hello'?"), "\(unknown.errors)")
        let bad = try await fleet.qemuvm("run", "hello", "--machine", "amiga", expecting: 2)
        #expect(bad.errors.contains("no machine type 'amiga'"), "\(bad.errors)")
        try await Self.expectNothing(of: fleet)
      }
    }

    @Test("What an earlier VM has left goes with no guest of its name")
    func kept() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm(
          "up", "--profile", "hello", "--name", "box", "--disk", "name=data,size=1M")
        try await fleet.qemuvm("down", "box")
        let disk = fleet.state + "/disks/box/disk-data.qcow2"
        for options in [[], ["--machine", "amiga"]] {
          let refused = try await fleet.qemuvm(["run", "hello", "--name", "box"] + options, expecting: 1)
          #expect(refused.errors.contains("what an earlier VM of that name has left is kept"), "\(refused)")
          // The supervisor has heard that the command has ended before it answers this.
          try await fleet.qemuvm("create", "--profile", "hello", "--name", "box")
          try await fleet.qemuvm("rm", "box")
          #expect(FileSystem.exists(disk))
        }
        try await fleet.qemuvm("disk", "rm", "box", "--all")
      }
    }
  }
}
