import Dispatch
import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("A lab as a whole") struct LabWhole {
    private static let chain = """
      { lab: 'shop', vms: {
        web: { profile: 'hello', dependsOn: ['db'] }, db: { profile: 'hello', dependsOn: ['store'] },
        store: { profile: 'hello' },
      } }
      """

    @Test("Of two files that claim one lab at once, one has it and the other is told whose it is")
    func claimedAtOnce() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("ls")
        let monitors = [try await fleet.monitor(), try await fleet.monitor()]
        for round in 0..<30 {
          let lab = "lab\(round)"
          let replies = try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
            for (index, monitor) in monitors.enumerated() {
              group.addTask {
                let vms: [JSONValue] = [["name": .string("vm\(index)"), "profile": "no-such-profile"]]
                return (
                  index,
                  try await monitor.reply(
                    to: "lab-up",
                    [
                      "lab": .string(lab), "file": .string("/\(index)/qemuvm.json5"), "directory": "/",
                      "vms": .array(vms + [["name": .string("b\(index)"), "profile": "hello"]]),
                    ])
                )
              }
            }
            return try await group.reduce(into: [Int: JSONValue]()) { $0[$1.0] = $1.1 }
          }
          let refused = replies.filter { $0.value["error"] != nil }
          guard refused.count == 1, let loser = refused.first,
            let winner = replies.first(where: { $0.key != loser.key })
          else {
            Issue.record("\(replies)")
            continue
          }
          let words = loser.value["error"]?["desc"]?.string ?? ""
          #expect(
            words.contains("belongs to /\(winner.key)/qemuvm.json5, not to /\(loser.key)/qemuvm.json5"),
            "\(words)")
          // The one VM that could not come did not keep the other.
          let entries = winner.value["return"]?.array ?? []
          #expect(entries.map { $0["error"] != nil } == [true, false], "\(entries)")
          try await fleet.qemuvm("down", "\(lab)/b\(winner.key)")
        }
        #expect(try FileSystem.names(in: fleet.state + "/labs") == [])
        for monitor in monitors { await monitor.close() }
      }
    }

    @Test(
      "A supervisor that dies somewhere in lab-up leaves nothing of the lab, or all of it comes up",
      arguments: 0..<12)
    func killedComingUp(round: Int) async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.chain)
        try await fleet.qemuvm("ls")
        let up = try fleet.start(["up"])
        // How far it comes is what is tried.
        await Self.letPass(.milliseconds(10 + round * 15))
        // A child of its before its exec looks like one as well.
        for supervisor in try fleet.supervisors() { await supervisor.kill() }
        _ = try await up.end()
        let isPromised = FileSystem.exists(fleet.state + "/labs/shop.json")
        let names = try await fleet.names()
        guard isPromised else {
          #expect(names == [])
          return
        }
        #expect(names == ["shop/db", "shop/store", "shop/web"])
        for name in ["store", "db", "web"] { try await fleet.wait(for: "shop/\(name)", toBe: "running") }
        try await fleet.qemuvm("down")
      }
    }

    @Test(
      "What was promised of a lab and not begun is there at the next supervisor's first word, however its files hang",
      .enabled(if: getuid() == 0, "mounting a file system needs root"))
    func killedBetweenVMs() async throws {
      try await Fleet.run { fleet in
        try fleet.write(String(repeating: "\u{0}", count: 65536), to: "disks/d.raw")
        try fleet.write(
          """
          { lab: 'shop', vms: {
            web: { profile: 'hello', dependsOn: ['db'] }, mail: { profile: 'hello', dependsOn: ['db'] },
            db: { profile: 'hello', dependsOn: ['store'], disks: ['disks/d.raw'] },
            store: { profile: 'hello' },
          } }
          """)
        try await fleet.qemuvm("ls")
        var disks = try await fleet.hang(fleet.folder + "/disks")
        let monitor = try await fleet.monitor()
        // The client looks at images itself; this asks the supervisor alone.
        let vms: [JSONValue] = [
          ["name": "store", "profile": "hello"],
          ["name": "db", "profile": "hello", "dependsOn": ["store"], "disks": ["disks/d.raw"]],
          ["name": "web", "profile": "hello", "dependsOn": ["db"]],
          ["name": "mail", "profile": "hello", "dependsOn": ["db"]],
        ]
        let asked: JSONObject = [
          "execute": "lab-up",
          "arguments": [
            "lab": "shop", "file": .string(fleet.folder + "/qemuvm.json5"),
            "directory": .string(fleet.folder),
            "vms": .array(vms),
          ],
        ]
        try await monitor.stream.write(JSONValue.object(asked).bytes() + [UInt8(ascii: "\n")])
        _ = try await monitor.event { $0["data"]?["name"] == "store" && $0["data"]?["state"] == "running" }
        #expect(try await fleet.names() == ["shop/store"])
        // A thread that waits for such a file system lets its process end when that is gone.
        let supervisor = try fleet.supervisor()
        supervisor.signal(SIGKILL)
        try await disks.release()
        await supervisor.end()
        await monitor.close()

        disks = try await fleet.hang(fleet.folder + "/disks")
        #expect(try await fleet.names() == ["shop/db", "shop/mail", "shop/store", "shop/web"])
        #expect(try await fleet.status("web")["cause"] == "waiting for db to be started")
        try await fleet.wait(for: "shop/db", toBe: "starting")
        let lab = try JSONValue(parsing: try FileSystem.read(fleet.state + "/labs/shop.json"))
        #expect(lab["pending"] == [:], "\(lab)")
        // What comes later has the last word.
        try await fleet.qemuvm("stop", "mail")
        try await fleet.qemuvm("update", "web", "--memory", "24M")
        try await disks.release()
        // What waited for the folder has failed with it; a start that had not come to it yet finds the disk.
        try await fleet.wait(for: "shop/db") { $0["state"] == "failed" || $0["state"] == "running" }
        try await fleet.qemuvm("start", "db")
        let web = try await fleet.wait(for: "shop/web", toBe: "running")
        #expect(web["memoryBytes"] == JSONValue(24 << 20), "\(web)")
        #expect(try await fleet.status("mail")["state"] == "stopped")
        try await fleet.qemuvm("down")
      }
    }

    @Test("A lab on its way down goes on in its order under the next supervisor")
    func killedGoingDown() async throws {
      try await Fleet.run { fleet in
        let firmware = try await Guests.firmware(.nothing)
        try fleet.write(
          """
          { lab: 'shop', vms: {
            web: { profile: 'hello', firmware: '\(firmware)', accelerator: 'tcg', stopTimeout: '5m', dependsOn: ['db'] },
            db: { profile: 'hello', dependsOn: ['store'] }, store: { profile: 'hello' },
          } }
          """)
        try await fleet.qemuvm("up")
        let down = try fleet.start(["down"])
        try await fleet.wait(for: "web", toBe: "stopping")
        for name in ["db", "store"] {
          let vm = try await fleet.wait(for: name) { $0["desired"] == "stopped" }
          #expect(vm["state"] == "running", "\(vm)")
          #expect(try #require(vm["cause"]?.string).contains("when"), "\(vm)")
        }
        try await fleet.supervisor().kill()
        _ = try await down.end()
        let before = try await LabStory(of: fleet)
        let web = try await fleet.wait(for: "web", toBe: "stopping")
        #expect(web["desired"] == "stopped")
        try await fleet.wait(for: "db", toBe: "running")
        // A crash of one that is to end brings nobody back.
        let console = try await fleet.console(of: "web")
        try await console.write("O")
        fleet.hold(console)
        try await fleet.goneVMs(["web", "db", "store"])
        let story = try await LabStory(of: fleet).behind(before)
        #expect(
          story.follows("stopping db", "exited web") && story.follows("stopping store", "exited db"),
          "\(story)")
        #expect(try FileSystem.names(in: fleet.state + "/labs") == [])
      }
    }

    /// Lets time pass that belongs to a fault.
    private static func letPass(_ time: Duration) async {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().asyncAfter(deadline: .now() + time.seconds) { continuation.resume() }
      }
    }

    @Test("Guests that end with their supervisor end in order too, and stay wanted")
    func standingDown() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.chain)
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("supervisor", "stop", "--guests")
        let story = try await LabStory(of: fleet)
        #expect(
          story.follows("stopping db", "exited web") && story.follows("stopping store", "exited db"),
          "\(story)")
        for name in ["web", "db", "store"] { #expect(try await fleet.status(name)["desired"] == "running") }
        try await fleet.qemuvm("down")
      }
    }
  }
}

extension Fleet {
  /// Waits until the supervisor knows none of these VMs.
  func goneVMs(_ names: Set<String>) async throws {
    let monitor = try await monitor()
    while true {
      let vms = try await monitor.execute("query-vms").array ?? []
      if !vms.contains(where: { names.contains($0["name"]?.string ?? "") }) { break }
      _ = try await monitor.event { $0["event"] == "VM_REMOVED" }
    }
    await monitor.close()
  }
}
