import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// DESIGN.md, law 8: what failed, on which VM, why, and what to do next.
  @Suite("What is said when something is refused") struct Refusals {
    private static let disk = "disks: [{ file: 'd.raw', format: 'raw' }],"

    /// A VM whose image has gone since it was created.
    private static func withoutImage(_ fleet: Fleet) async throws {
      try fleet.write(String(repeating: "\u{0}", count: 65536), to: "d.raw")
      try fleet.define(disk)
      try await fleet.qemuvm("create")
      try FileSystem.remove(fleet.folder + "/d.raw")
    }

    @Test("A start refused before anything was promised is the VM's cause, and why knows it")
    func refusedStart() async throws {
      try await Fleet.run { fleet in
        try await Self.withoutImage(fleet)
        let refused = try await fleet.qemuvm("start", "web", expecting: 1)
        let words = "cannot start: disks[0].file \(fleet.folder)/d.raw: No such file or directory"
        #expect(refused.errors.hasPrefix("shop/web: \(words)\n"), "\(refused)")
        #expect(refused.errors.contains("qemu-img create -f qcow2"), "\(refused)")
        let vm = try await fleet.status("web")
        #expect(vm["state"] == "stopped" && vm["cause"]?.string == words, "\(vm)")
        let why = try await fleet.json("why", "web")
        #expect(why["verdict"]?.string?.contains(words) == true, "\(why)")
        #expect(why["advice"]?.array?.contains { $0.string?.contains("qemu-img") == true } == true, "\(why)")
        #expect(try await fleet.qemuvm("events", "web").output.contains(words))
      }
    }

    @Test(
      "What could not be done is called by its verb",
      arguments: [
        (["restart", "web"], "cannot restart: disks[0]"),
        (["update", "web", "--cpus", "2"], "cannot update: "),
      ])
    func verbs(words: [String], said: String) async throws {
      try await Fleet.run { fleet in
        try await Self.withoutImage(fleet)
        let refused = try await fleet.qemuvm(words, expecting: 1).errors
        #expect(refused.hasPrefix("shop/web: \(said)") && !refused.contains("cannot start"), "\(refused)")
      }
    }

    @Test("A host port in use names who has it: a VM, or a process")
    func port() async throws {
      try await Fleet.run { fleet in
        var number: UInt16 = 0
        do {
          let (listener, port) = try BadHost.listenOnAnyPort()
          number = port
          let ports = "networks: ['user'], ports: ['127.0.0.1:\(port):80']"
          try fleet.write("{ lab: 'shop', vms: { one: { profile: 'hello', \(ports) } } }")
          // In one file the second would be refused for what is written there.
          try fleet.write("{ lab: 'other', vms: { two: { profile: 'hello', \(ports) } } }", to: "other.json5")
          let other = try await fleet.qemuvm("up", "one", expecting: 1).errors
          #expect(other.contains("127.0.0.1:\(port):80 is in use: process \(getpid()) ("), "\(other)")
          _ = consume listener
        }
        try await fleet.qemuvm("up", "one")
        let ours = try await fleet.qemuvm("up", "--file", "other.json5", expecting: 1).errors
        let holder = "the VM shop/one (its QEMU is process \(try fleet.guest().pid)) has it"
        #expect(ours.contains("\(number)") && ours.contains(holder), "\(ours)")
      }
    }

    @Test("Of a lab with one bad VM the others go on, and the one that failed is named")
    func oneOfALab() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          "{ lab: 'shop', vms: { bad: { profile: 'hello', disks: ['gone.qcow2'] }, good: { profile: 'hello' } } }"
        )
        let up = try await fleet.qemuvm("up", "--json", expecting: 1)
        #expect(up.errors.hasSuffix("qemuvm: 1 of 2 VMs failed: shop/bad\n"), "\(up)")
        let vms = try #require(try JSONValue(parsing: Array(up.output.utf8)).array)
        #expect(vms.map { $0["name"]?.string } == ["bad", "good"])
        #expect(vms[0]["error"]?.string?.contains("gone.qcow2") == true && vms[1]["error"] == nil, "\(vms)")
        #expect(vms[1]["state"] == "running")
      }
    }

    @Test("up says what it changes of a VM that was updated meanwhile")
    func undoneUpdate() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 1,")
        try await fleet.qemuvm("create")
        #expect(try await fleet.qemuvm("update", "web", "--cpus", "3").output.contains("cpus: 1 -> 3"))
        #expect(try await fleet.qemuvm("up", "--dry-run").output.contains("would change cpus: 3 -> 1"))
        #expect(try await fleet.qemuvm("up").errors.contains("shop/web: changed: cpus: 3 -> 1"))
        #expect(try await fleet.status("web")["cpus"] == 1)
      }
    }

    @Test("A dry run knows what a VM would have, and that this host cannot give its memory")
    func dryRun() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 2, memory: '24M', accelerator: 'tcg',")
        let plan = try #require(try await fleet.json("up", "--dry-run").array?.first)
        #expect(plan["profile"] == "hello" && plan["cpus"] == 2 && plan["accelerator"] == "tcg", "\(plan)")
        #expect(plan["memoryBytes"] == .integer(24 << 20))
        try fleet.define("memory: '1T',")
        let refused = try await fleet.qemuvm("up", "--dry-run", expecting: 1).errors
        #expect(refused.contains("cannot start: memory: 1T is more than this host has"), "\(refused)")
      }
    }

    @Test("A second folder of the same lab is told once, and not once a VM")
    func secondFolder() async throws {
      try await Fleet.run { fleet in
        let vms = "{ vms: { a: { profile: 'hello' }, b: { profile: 'hello' }, c: { profile: 'hello' } } }"
        try fleet.write(vms, to: "one/shop/qemuvm.json5")
        try fleet.write(vms, to: "two/shop/qemuvm.json5")
        try await fleet.qemuvm("create", in: fleet.folder + "/one/shop")
        let refused = try await fleet.qemuvm("up", expecting: 1, in: fleet.folder + "/two/shop").errors
        #expect(refused.split(separator: "belongs to").count == 2, "\(refused)")
        let started = try await fleet.qemuvm("start", expecting: 1, in: fleet.folder + "/two/shop").errors
        #expect(started.split(separator: "belongs to").count == 2, "\(started)")
        #expect(started.contains("3 of 3 VMs failed"), "\(started)")
      }
    }

    @Test(
      "What needs a running VM says how to start it",
      arguments: [["console", "web"], ["qmp", "web", "query-status"], ["pause", "web"], ["reset", "web"]])
    func needsRunning(words: [String]) async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create")
        let refused = try await fleet.qemuvm(words, expecting: 1).errors
        #expect(refused.contains("'qemuvm start shop/web' starts it"), "\(refused)")
      }
    }

    @Test("An argument that an option decides is answered with the option")
    func argument() async throws {
      try await Fleet.run { fleet in
        let line = ["up", "--profile", "hello", "--argument", "-m", "--argument", "1G"]
        let refused = try await fleet.qemuvm(line, expecting: 2).errors
        #expect(refused.contains("'-m' is refused: write --memory instead"), "\(refused)")
      }
    }

    @Test("Without a supervisor there are no guests to bring down: 5, and none is started")
    func stopWithoutSupervisor() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("supervisor", "stop", "--guests", expecting: 5)
        #expect(try fleet.supervisors().isEmpty)
      }
    }
  }
}
