import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("Changing a VM") struct Update {
    @Test("update of a running VM is durable, says that it waits, and holds at the next start")
    func update() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        let said = try await fleet.qemuvm("update", "web", "--cpus", "2", "--memory", "40M")
        #expect((said.output + said.errors).contains("next start"))
        let waiting = try #require(try await fleet.status("web")["pending"]?.array).compactMap(\.string)
        #expect(waiting.contains { $0.contains("cpus") } && waiting.contains { $0.contains("memory") })
        #expect(try fleet.guest().pid == pid)
        try await fleet.qemuvm("supervisor", "stop")
        try await fleet.qemuvm("restart", "web")
        let vm = try await fleet.status("web")
        #expect(vm["cpus"] == 2)
        #expect(vm["memoryBytes"] == .integer(40 << 20))
        #expect(vm["pending"] == [])
      }
    }

    @Test("update of a stopped VM holds at once")
    func updateStopped() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        try await fleet.qemuvm("update", "web", "--cpus", "3")
        #expect(try await fleet.status("web")["cpus"] == 3)
        try await fleet.qemuvm("start", "web")
        #expect(try await fleet.status("web")["cpus"] == 3)
      }
    }

    @Test("An edited lab file is told by up, leaves the guest alone, and holds at the next start")
    func editedFile() async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 1,")
        try await fleet.qemuvm("up")
        let pid = try fleet.guest().pid
        try fleet.define("cpus: 2,")
        let said = try await fleet.qemuvm("up")
        #expect((said.output + said.errors).contains("cpus"))
        #expect((said.output + said.errors).contains("next start"))
        #expect(try fleet.guest().pid == pid)
        try await fleet.qemuvm("restart", "web")
        #expect(try await fleet.status("web")["cpus"] == 2)
        let again = try await fleet.qemuvm("up")
        #expect(!(again.output + again.errors).contains("next start"))
      }
    }

    @Test(
      "A refused update changes nothing",
      arguments: [["--cpus", "0"], ["--cpus", "100000"], ["--memory", "-1"]])
    func refused(options: [String]) async throws {
      try await Fleet.run { fleet in
        try fleet.define("cpus: 1,")
        try await fleet.qemuvm("create", "web")
        let outcome = try await fleet.start(["update", "web"] + options).end()
        #expect(outcome.code == 1 || outcome.code == 2, "\(outcome)")
        #expect(outcome.errors.contains(String(options[0].dropFirst(2))))
        #expect(try await fleet.status("web")["cpus"] == 1)
      }
    }

    @Test("A lab remembers its file: another one with the same lab name is refused")
    func anotherFileOfTheSameLab() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try fleet.write("{ lab: 'shop', vms: { other: { profile: 'hello' } } }", to: "copy/qemuvm.json5")
        let refused = try await fleet.qemuvm("up", expecting: 1, in: fleet.folder + "/copy")
        #expect(refused.errors.contains("shop") && refused.errors.contains(fleet.folder + "/qemuvm.json5"))
        #expect(try await fleet.names() == ["shop/web"])
      }
    }
  }
}
