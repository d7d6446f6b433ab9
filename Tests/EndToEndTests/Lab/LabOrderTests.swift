import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("The order of a lab") struct LabOrder {
    /// web waits for db, db for store, each until the other is healthy.
    private static let chain = """
      { lab: 'shop', vms: {
        web: { profile: 'hello', dependsOn: { db: 'healthy' } },
        db: { profile: 'hello', health: { console: 'READY' }, dependsOn: { store: 'healthy' } },
        store: { profile: 'hello', health: { console: 'READY' } },
      } }
      """

    @Test("VMs start one behind the other, each when the one before is healthy, and end the other way round")
    func chain() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.chain)
        let up = try await fleet.qemuvm("up")
        #expect(up.errors.contains("shop/web: waiting for db to be healthy"), "\(up)")
        #expect(try fleet.guests().count == 3)
        var story = try await LabStory(of: fleet)
        #expect(
          story.follows("spawned web", "healthy db") && story.follows("spawned db", "healthy store"),
          "\(story)")
        // Repeated, it changes nothing.
        let again = try await fleet.qemuvm("up")
        #expect(again.errors.contains("shop/web: already running"), "\(again)")
        try await fleet.qemuvm("down")
        story = try await LabStory(of: fleet)
        #expect(
          story.follows("stopping db", "exited web") && story.follows("stopping store", "exited db"),
          "\(story)")
        #expect(try await fleet.names() == [])
        #expect(try FileSystem.names(in: fleet.state + "/labs") == [])
      }
    }

    @Test("A VM that is named brings those that it depends on up with it, and no other")
    func named() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.chain)
        try await fleet.qemuvm("up", "db")
        #expect(try await fleet.names() == ["shop/db", "shop/store"])
        try await fleet.qemuvm("stop", "db", "store")
        let story = try await LabStory(of: fleet)
        #expect(story.follows("stopping store", "exited db"), "\(story)")
        try await fleet.qemuvm("down")
      }
    }

    @Test("A VM that waits says for what; start --now overrides it, and stop, kill and down end it")
    func waiting() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: 'shop', vms: {
            db: { profile: 'hello', health: { console: 'NEVER', startPeriod: '1h' } },
            web: { profile: 'hello', dependsOn: { db: 'healthy' } },
          } }
          """)
        let up = try await fleet.qemuvm("up", "--timeout", "6s", expecting: 4)
        #expect(up.errors.contains("it is still waiting for db to be healthy"), "\(up)")
        var web = try await fleet.status("web")
        #expect(web["state"] == "waiting" && web["desired"] == "running" && web["pid"] == .null)
        #expect(web["cause"] == "waiting for db to be healthy")
        #expect(try await fleet.qemuvm("ls").output.contains("waiting for db to be healthy"))
        for verb in ["stop", "kill"] {
          try await fleet.qemuvm(verb, "web")
          #expect(try await fleet.status("web")["state"] == "stopped")
          let start = try await fleet.qemuvm("start", "web", "--timeout", "3s", expecting: 4)
          #expect(start.errors.contains("waiting for db to be healthy"), "\(start)")
        }
        // A new supervisor finds it waiting, and goes on waiting.
        try await fleet.supervisor().kill()
        web = try await fleet.status("web")
        #expect(web["state"] == "waiting" && web["cause"] == "waiting for db to be healthy", "\(web)")
        try await fleet.qemuvm("start", "--now", "web")
        #expect(try await fleet.status("web")["state"] == "running")
        try await fleet.qemuvm("down", "web")
        _ = try await fleet.qemuvm("up", "web", "--timeout", "3s", expecting: 4)
        try await fleet.qemuvm("down", "web")
        #expect(try await fleet.names() == ["shop/db"])
      }
    }

    @Test("A dependency that has failed is named with its cause; when it is up, the wait ends")
    func failing() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: 'shop', vms: {
            db: { profile: 'hello', disks: ['db.qcow2'] },
            web: { profile: 'hello', dependsOn: ['db'] },
            other: { profile: 'hello' },
          } }
          """)
        let up = try await fleet.qemuvm("up", expecting: 1)
        #expect(
          up.errors.contains("shop/web: cannot start: waiting for db, which could not be started: "), "\(up)")
        #expect(up.errors.contains("db.qcow2"))
        #expect(try await fleet.names() == ["shop/other", "shop/web"])
        #expect(try await fleet.status("other")["state"] == "running")
        // The next supervisor knows it as well.
        try await fleet.supervisor().kill()
        let web = try await fleet.status("web")
        #expect(web["state"] == "waiting", "\(web)")
        #expect(try #require(web["cause"]?.string).contains("db, which could not be started: "), "\(web)")
        _ = try await fleet.tool("qemu-img", ["create", "-f", "qcow2", fleet.folder + "/db.qcow2", "1M"])
        try await fleet.qemuvm("up")
        #expect(try await fleet.status("web")["state"] == "running")
      }
    }

    @Test("A VM waits for a job to be done, and not for one that was stopped")
    func job() async throws {
      try await Fleet.run { fleet in
        let firmware = try await Guests.firmware(.powerOff)
        try fleet.write(
          """
          { lab: 'shop', vms: {
            migrate: { profile: 'hello', firmware: '\(firmware)', accelerator: 'tcg' },
            slow: { profile: 'hello' },
            web: { profile: 'hello', dependsOn: { migrate: 'stopped' } },
            mail: { profile: 'hello', dependsOn: { slow: 'stopped' } },
          } }
          """)
        try await fleet.qemuvm("up", "web")
        let story = try await LabStory(of: fleet)
        #expect(story.follows("spawned web", "exited migrate"), "\(story)")
        #expect(try await fleet.status("migrate")["desired"] == "stopped")
        let mail = try fleet.start(["up", "mail"])
        try await fleet.wait(for: "shop/mail", toBe: "waiting")
        try await fleet.wait(for: "shop/slow", toSay: "READY")
        try await fleet.qemuvm("stop", "slow")
        let outcome = try await mail.end()
        #expect(
          outcome.code == 1 && outcome.errors.contains("waiting for slow, which is stopped: "), "\(outcome)")
      }
    }

    @Test("After a boot of the host the order is kept; a VM that crashes alone does not wait again")
    func reboot() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.chain)
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("kill", "store")
        let db = try #require(try fleet.guests().first { $0.role == .guest("db@shop") })
        await db.kill()
        try await fleet.wait(for: "db") { $0["state"] == "running" && $0["restarts"] == 1 }
        try await fleet.qemuvm("start", "store")
        try await fleet.supervisor().kill()
        for guest in try fleet.guests() { await guest.kill() }
        for name in ["store", "db", "web"] {
          let file = "\(fleet.state)/vms/\(name)@shop/state.json"
          var state = try JSONObject(json: JSONValue(parsing: try FileSystem.read(file)))
          state["boot"] = "another"
          try FileSystem.replace(file, with: JSONValue.object(state).bytes(), durable: false)
        }
        let before = try LabStory(onFileOf: fleet)
        try await fleet.qemuvm("ls")
        try await fleet.wait(for: "web", toBe: "running")
        let story = try await LabStory(of: fleet).behind(before)
        #expect(
          story.follows("spawned web", "healthy db") && story.follows("spawned db", "healthy store"),
          "\(story)")
      }
    }

    @Test("A circle, an unknown VM and a health that nobody looks at are refused with their place")
    func refusals() async throws {
      try await Fleet.run { fleet in
        for (vms, words) in [
          (
            "web: { profile: 'hello', dependsOn: ['db'] },\n db: { profile: 'hello', dependsOn: ['web'] }",
            "qemuvm.json5:1:47: vms.web.dependsOn.db: VMs wait for each other in a circle: web -> db -> web"
          ),
          (
            "web: { profile: 'hello', dependsOn: ['bd'] }, db: { profile: 'hello' }",
            "qemuvm.json5:1:47: vms.web.dependsOn.bd: unknown VM 'bd'; did you mean 'db'?"
          ),
          (
            "web: { profile: 'hello', dependsOn: { db: 'healthy' } }, db: { profile: 'hello' }",
            "qemuvm.json5:1:52: vms.web.dependsOn.db: 'db' has no key 'health'"
          ),
        ] {
          try fleet.write("{ vms: { \(vms) } }")
          for verb in ["up", "validate"] {
            let outcome = try await fleet.qemuvm(verb, expecting: 2)
            #expect(outcome.errors.contains(words), "\(verb): \(outcome)")
          }
        }
        // And over the socket, where there is no file; also one by one.
        try await fleet.qemuvm("ls")
        let monitor = try await fleet.monitor()
        let vms: [JSONValue] = [
          ["name": "a", "profile": "hello", "dependsOn": ["b"]],
          ["name": "b", "profile": "hello", "dependsOn": ["a"]],
        ]
        let whole = try await monitor.reply(
          to: "lab-up", ["lab": "shop", "directory": "/", "vms": .array(vms)])
        #expect(whole["error"]?["class"] == "InvalidDefinition")
        #expect(whole["error"]?["desc"]?.string?.contains("a -> b -> a") == true, "\(whole)")
        try await monitor.execute("create", ["definition": vms[0], "directory": "/"])
        let second = try await monitor.reply(to: "create", ["definition": vms[1], "directory": "/"])
        #expect(second["error"]?["desc"]?.string?.contains("b -> a -> b") == true, "\(second)")
        #expect(try await fleet.names() == ["a"])
        await monitor.close()
      }
    }
  }
}

/// What happened to the VMs of a fleet, in the order of the ledger: `spawned web`, `stopping db`, `healthy store`.
struct LabStory: CustomStringConvertible {
  private(set) var steps: [String] = []

  init(of fleet: Fleet) async throws {
    try self.init(try await fleet.qemuvm("events", "--json").output)
  }

  /// As the ledger has it on file, where no supervisor is to be started by the question.
  init(onFileOf fleet: Fleet) throws {
    try self.init(try fleet.text(of: fleet.state + "/ledger.jsonl"))
  }

  private init(_ text: String) throws {
    for line in text.split(separator: "\n") {
      let record = try JSONValue(parsing: String(line))
      guard let name = record["name"]?.string, let event = record["event"]?.string else { continue }
      if let state = record["state"]?.string { steps.append("\(state) \(name)") }
      if record["health"] == "healthy" { steps.append("healthy \(name)") }
      if event == "spawned" || event == "exited" { steps.append("\(event) \(name)") }
    }
  }

  /// Whether the last of the one comes behind the first of the other.
  func follows(_ step: String, _ other: String) -> Bool {
    guard let place = steps.firstIndex(of: step), let before = steps.firstIndex(of: other) else {
      return false
    }
    return place > before
  }

  /// What came behind another story.
  func behind(_ other: LabStory) -> LabStory {
    var rest = self
    rest.steps.removeFirst(min(other.steps.count, steps.count))
    return rest
  }

  var description: String { steps.joined(separator: ", ") }
}
