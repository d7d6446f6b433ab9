import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A lab after an edit of its file") struct LabEdits {
    private static func file(_ web: String, _ others: String) -> String {
      "{ lab: 'shop', vms: { web: { profile: 'hello', \(web) }, db: { profile: 'hello' }, \(others) } }"
    }

    @Test("What an edit changes is told before; --restart and --recreate apply it, and to no other VM")
    func edited() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.file("", ""))
        try await fleet.qemuvm("up")
        func pids() async throws -> [String: Int?] {
          let vms = try #require(try await fleet.json("ls").array)
          return Dictionary(vms.map { ($0["name"]?.string ?? "", $0["pid"]?.int) }) { first, _ in first }
        }
        let before = try await pids()
        try fleet.write(Self.file("cpus: 2, restart: 'always',", ""))
        let plan = try await fleet.qemuvm("up", "--dry-run").output
        #expect(
          plan.contains("shop/web: would update\n")
            && plan.contains("waits for the next start: cpus: 1 -> 2"), "\(plan)")
        #expect(plan.contains("would change restart"), "\(plan)")
        #expect(plan.contains("shop/db: nothing to do"), "\(plan)")
        let restarting = try await fleet.qemuvm("up", "--restart", "--dry-run").output
        #expect(restarting.contains("shop/web: would update, restart\n"), "\(restarting)")
        #expect(try await pids() == before)
        // A person at a terminal sees it before it is done.
        let terminal = try Terminal(
          Fleet.binary, ["up"], environment: fleet.environment, directory: fleet.folder)
        #expect(await terminal.end() == .code(0))
        let seen = try await terminal.screen.read(until: "unchanged: shop/db")
        #expect(seen.contains("shop/web: would update"), "\(seen.debugDescription)")
        #expect(try await pids() == before)

        let restarted = try await fleet.qemuvm("up", "--restart")
        #expect(restarted.errors.contains("shop/web: changed: cpus: 1 -> 2"), "\(restarted)")
        let after = try await pids()
        #expect(after["web"] != before["web"] && after["db"] == before["db"])
        #expect(try await fleet.status("web")["cpus"] == 2)
        // There is nothing left to apply.
        try await fleet.qemuvm("up", "--restart")
        #expect(try await pids() == after)

        // What cannot come up again is not taken down.
        try fleet.write(Self.file("disks: ['gone.img']", ""))
        let refused = try await fleet.qemuvm("up", "--recreate", expecting: 1).errors
        #expect(refused.contains("nothing was taken down"), "\(refused)")
        #expect(try await pids() == after)
        try fleet.write(Self.file("", ""))
        try await fleet.qemuvm("up", "--recreate", "web")
        let anew = try await pids()
        #expect(anew["web"] != after["web"] && anew["db"] == after["db"])
      }
    }

    @Test("VMs that left the file are named, and go when that is asked; a lab's name means all of its VMs")
    func left() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.file("", "old: { profile: 'hello' }, older: { profile: 'hello' }"))
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("up", "--profile", "hello", "--name", "alone")
        try fleet.write(Self.file("", "older: { profile: 'hello' }"))
        let words = "shop/old: is not in qemuvm.json5 any more, and stays as it is; "
        for (line, verb) in [(["up"], "up"), (["up", "--dry-run"], "up")] {
          let said = try await fleet.qemuvm(line).errors
          #expect(said.contains(words + "'qemuvm \(verb) --remove-orphans' takes"), "\(said)")
        }
        #expect(try await !fleet.qemuvm("up", "web").errors.contains("any more"))
        let dry = try await fleet.qemuvm("up", "--dry-run", "--remove-orphans").output
        #expect(dry.contains("shop/old: would take down"), "\(dry)")
        try await fleet.qemuvm("up", "--remove-orphans")
        #expect(try await fleet.names() == ["alone", "shop/db", "shop/older", "shop/web"])
        try fleet.write(Self.file("", ""))
        let down = try await fleet.qemuvm("down", "--remove-orphans")
        #expect(down.errors.contains("shop/older: removed"), "\(down)")
        #expect(try await fleet.names() == ["alone"])

        // From a folder that knows nothing of it, by the lab's name.
        try await fleet.qemuvm("up")
        try FileSystem.makeDirectory(fleet.root + "/elsewhere")
        let elsewhere = fleet.root + "/elsewhere"
        let stopped = try await fleet.qemuvm("stop", "shop", in: elsewhere).errors
        #expect(stopped.contains("shop/web") && stopped.contains("shop/db"), "\(stopped)")
        #expect(try await fleet.qemuvm("events", "shop", in: elsewhere).output.contains("shop/db"))
        try await fleet.qemuvm("start", "shop", in: fleet.folder)
        try await fleet.qemuvm("stop", "--all", in: elsewhere)
        #expect(try await fleet.json("ls").array?.allSatisfy { $0["state"] == "stopped" } == true)
        try await fleet.qemuvm("stop", "--all", "web", expecting: 2)
        try await fleet.qemuvm("down", "shop", in: elsewhere)
        #expect(try await fleet.names() == ["alone"])
        try await fleet.qemuvm("down", "--all", in: elsewhere)
        #expect(try await fleet.names() == [])
        try await fleet.qemuvm("stop", "shop", expecting: 3, in: elsewhere)
      }
    }
  }
}
