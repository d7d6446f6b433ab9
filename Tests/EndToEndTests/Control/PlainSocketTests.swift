import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  /// The control socket driven by nothing but a socket.
  @Suite("The control socket") struct PlainSocket {
    @Test("It greets, negotiates and answers as QEMU's monitor does")
    func dialect() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("ls")
        let raw = try ByteStream(connectingTo: fleet.controlSocket)
        let greeting = try JSONValue(parsing: try #require(try await raw.readLine()))
        #expect(greeting["QMP"]?["version"]?["qemu"] == ["major": 0, "minor": 1, "micro": 0])
        #expect(greeting["QMP"]?["version"]?["package"] == "qemuvm")
        #expect(greeting["QMP"]?["capabilities"] == [])
        try await raw.write(#"{"execute": "query-vms"}"# + "\n")
        let early = try JSONValue(parsing: try #require(try await raw.readLine()))
        #expect(early["error"]?["class"] == "CommandNotFound")
        try await raw.write(#"{"execute": "qmp_capabilities", "id": [1, null]}"# + "\n")
        #expect(
          try JSONValue(parsing: try #require(try await raw.readLine())) == [
            "return": [:], "id": [1, .null],
          ])
        try await raw.write(#"{"execute": "query-vms", "id": "x"}"# + "\n")
        #expect(try JSONValue(parsing: try #require(try await raw.readLine())) == ["return": [], "id": "x"])
      }
    }

    @Test("A guest lives its whole life over the socket, and events tell of each state")
    func wholeLife() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("ls")
        let monitor = try await fleet.monitor()
        let definition: JSONObject = ["name": "web", "profile": "hello"]
        let reply = try await monitor.execute(
          "up", ["definition": .object(definition), "directory": .string(fleet.folder)])
        #expect(reply["name"] == "web")
        #expect(reply["desired"] == "running")
        for state in ["starting", "running"] { try await Self.state(state, of: "web", on: monitor) }
        let inner: JSONObject = ["execute": "query-status"]
        let status = try await monitor.execute("vm-execute", ["name": "web", "command": .object(inner)])
        #expect(status["status"] == "running")
        #expect(try await monitor.execute("query-vms").array?.count == 1)
        #expect(try await monitor.execute("query-vm", ["name": "web"])["uuid"]?.string?.isEmpty == false)
        try await monitor.execute("stop", ["name": "web"])
        for state in ["stopping", "stopped"] { try await Self.state(state, of: "web", on: monitor) }
        try await monitor.execute("remove", ["name": "web"])
        _ = try await monitor.event { $0["event"] == "VM_REMOVED" && $0["data"]?["name"] == "web" }
        #expect(try await monitor.execute("query-vms") == [])
      }
    }

    @Test("Errors have QMP's form and a class that says what is wrong")
    func errors() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("up", "--profile", "hello")
        let monitor = try await fleet.monitor()
        let nobody = try await monitor.reply(to: "query-vm", ["name": "nobody"])
        #expect(nobody["error"]?["class"] == "DeviceNotFound")
        #expect(nobody["error"]?["desc"]?.string?.contains("nobody") == true)
        #expect(try await monitor.reply(to: "no-such-command")["error"]?["class"] == "CommandNotFound")
        #expect(try await monitor.reply(to: "stop", ["nmae": "hello"])["error"] != nil)
        let inner: JSONObject = ["execute": "no-such-command"]
        let outer = try await monitor.reply(to: "vm-execute", ["name": "hello", "command": .object(inner)])
        #expect(outer["error"]?["class"] == "CommandNotFound")
        #expect(outer["error"]?["desc"]?.string?.contains("no-such-command") == true)
        let commands = try #require(try await monitor.execute("query-commands").array)
        for name in ["up", "down", "query-vms", "vm-execute", "query-events"] {
          #expect(commands.contains { $0["name"]?.string == name }, "\(name)")
        }
      }
    }

    @Test("Garbage hurts only its sender")
    func garbage() async throws {
      try await Fleet.run { fleet in
        try await fleet.qemuvm("ls")
        let monitor = try await fleet.monitor()
        for junk in [
          "}{\n", "\u{0}\u{1}\u{2}\n", "[1, 2\n", #"{"execute": 7}"# + "\n",
          String(repeating: "[", count: 100_000),
        ] {
          let sender = try ByteStream(connectingTo: fleet.controlSocket)
          try await sender.write(junk)
          await sender.close()
          #expect(try await monitor.execute("query-vms") == [])
        }
        let talker = try await fleet.monitor()
        try await talker.stream.write("nonsense\n")
        #expect(try await talker.next()?["error"]?["class"] == "GenericError")
        #expect(try await talker.execute("query-vms") == [])
      }
    }

    @Test(
      "A command that waits for a sick QEMU holds up none behind it, and one VM's changes keep their order")
    func asReady() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' }, sick: { profile: 'hello' } } }")
        try await fleet.qemuvm("up")
        let monitor = try await fleet.monitor()
        let sick = try #require(try fleet.guests().first { $0.role == .guest("sick@shop") })
        sick.signal(SIGSTOP)
        try await monitor.stream.write(
          """
          {"execute":"vm-execute","arguments":{"name":"sick","command":{"execute":"query-status"}},"id":"stuck"}
          {"execute":"stop","arguments":{"name":"web"},"id":1}
          {"execute":"start","arguments":{"name":"web"},"id":2}
          {"execute":"query-supervisor","id":3}

          """)
        let ids = try await Self.ids(ofReplies: 3, on: monitor)
        #expect(Set(ids) == ["1", "2", "3"])
        #expect(ids.firstIndex(of: "1") ?? 9 < ids.firstIndex(of: "2") ?? 0)
        // QEMU's end is what answers the first.
        try await monitor.stream.write(#"{"execute":"kill","arguments":{"name":"sick"},"id":4}"# + "\n")
        #expect(Set(try await Self.ids(ofReplies: 2, on: monitor)) == [#""stuck""#, "4"])
        try await fleet.wait(for: "web", toBe: "running")
        #expect(try await fleet.status("web")["desired"] == "running")
      }
    }

    private static func ids(ofReplies count: Int, on monitor: PlainMonitor) async throws -> [String] {
      var ids: [String] = []
      while ids.count < count, let message = try await monitor.next() {
        if message["event"] == nil { ids.append("\(message["id"] ?? .null)") }
      }
      return ids
    }

    @Test("A client that subscribes hears of that alone")
    func subscription() async throws {
      try await Fleet.run { fleet in
        try fleet.write("{ lab: 'shop', vms: { web: { profile: 'hello' }, db: { profile: 'hello' } } }")
        try await fleet.qemuvm("create")
        let monitor = try await fleet.monitor()
        try await monitor.execute("subscribe", ["vms": ["shop/db"]])
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down", "web")
        try await fleet.qemuvm("down", "db")
        var heard: Set<String?> = []
        while let message = try await monitor.next() {
          heard.insert(message["data"]?["name"]?.string)
          if message["event"] == "VM_REMOVED" { break }
        }
        #expect(heard == ["db"])
      }
    }

    @Test("Every client hears all events and only its own replies")
    func manyClients() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create", "web")
        var monitors: [PlainMonitor] = []
        for _ in 0..<10 { monitors.append(try await fleet.monitor()) }
        try await fleet.qemuvm("start", "web")
        for monitor in monitors { try await Self.state("running", of: "web", on: monitor) }
      }
    }

    private static func state(_ state: String, of name: String, on monitor: PlainMonitor) async throws {
      _ = try await monitor.event {
        $0["event"] == "VM_STATE_CHANGED" && $0["data"]?["name"]?.string == name
          && $0["data"]?["state"]?.string == state
      }
    }
  }
}
