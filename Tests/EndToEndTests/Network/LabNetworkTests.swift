import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("The networks of a lab") struct LabNetwork {
    private static let lab = """
      { lab: 'shop', networks: { backend: { subnet: '10.9.0.0/24' }, spare: {} }, vms: {
        db: { profile: 'hello', networks: ['backend'] },
        web: { profile: 'hello', networks: [{ network: 'backend', address: '10.9.0.80' }], dependsOn: ['db'] },
      } }
      """

    /// A network's object as `network ls --json` prints it.
    private static func network(_ name: String, of fleet: Fleet) async throws -> JSONValue {
      try #require(try await fleet.json("network", "ls").array?.first { $0["name"]?.string == name })
    }

    /// The next event of a switch that the supervisor tells of a VM.
    private static func event(
      _ action: String, of vm: String, _ monitor: PlainMonitor
    ) async throws -> JSONValue {
      try await monitor.event {
        $0["event"] == "LEDGER" && $0["data"]?["event"] == "helper"
          && $0["data"]?["action"]?.string == action && $0["data"]?["name"]?.string == vm
      }["data"] ?? .null
    }

    private static func addresses(_ network: JSONValue) -> [String] {
      (network["ports"]?.array ?? []).map { "\($0["vm"]?.string ?? "") \($0["address"]?.string ?? "")" }
        .sorted()
    }

    @Test("A switch is there before the first guest and until after the last; a dry run tells the addresses")
    func life() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.lab)
        let dry = try await fleet.qemuvm("up", "--dry-run")
        #expect(
          dry.output.contains("shop/db: would create, start\n  on the network backend as 10.9.0.2, 52:54:"))
        #expect(dry.output.contains("  on the network backend as 10.9.0.80, 52:54:"))
        #expect(try fleet.switches().isEmpty)
        try await fleet.qemuvm("up")
        let process = try fleet.networkSwitch("backend@shop")
        let network = try await Self.network("backend", of: fleet)
        #expect(network["lab"] == "shop" && network["state"] == "running" && network["cause"] == "it runs")
        #expect(network["pid"]?.int == process.pid && network["restarts"] == 0)
        #expect(network["subnet"] == "10.9.0.0/24" && network["address"] == "10.9.0.1")
        #expect(Self.addresses(network) == ["db 10.9.0.2", "web 10.9.0.80"])
        let ports = try #require(network["ports"]?.array)
        #expect(
          ports.allSatisfy { $0["connected"] == true && $0["framesIn"] == 0 && $0["drops"]?["full"] == 0 })
        let spare = try await Self.network("spare", of: fleet)
        #expect(spare["state"] == "stopped" && spare["cause"] == "no VM runs on it" && spare["ports"] == [])
        // In the ledger's order: no guest runs before its switch.
        let lines = try await fleet.qemuvm("events", "db", "--json").output.split(separator: "\n")
        let events = try lines.map { try JSONValue(parsing: Array($0.utf8)) }
        let started = try #require(
          events.firstIndex { $0["event"] == "helper" && $0["action"] == "started" })
        let spawned = try #require(events.firstIndex { $0["event"] == "spawned" })
        #expect(started < spawned)
        // A VM that comes and goes is no reason for another switch.
        try await fleet.qemuvm("restart", "web")
        try await fleet.qemuvm("stop", "web")
        #expect(try fleet.networkSwitch("backend@shop").pid == process.pid)
        try await fleet.qemuvm("stop", "db")
        #expect(try fleet.switches().isEmpty)
        let stopped = try await Self.network("backend", of: fleet)
        #expect(stopped["state"] == "stopped" && stopped["pid"] == .null)
        try await fleet.qemuvm("up")
        try await fleet.qemuvm("down")
        #expect(try fleet.switches().isEmpty)
        #expect(try await fleet.json("network", "ls") == [])
        #expect(try FileSystem.names(in: fleet.state + "/networks") == [])
      }
    }

    @Test("A switch that is killed is started again; the next supervisor takes it over, or starts another")
    func killed() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.lab)
        try await fleet.qemuvm("up")
        let monitor = try await fleet.monitor()
        let first = try fleet.networkSwitch("backend@shop")
        first.signal(SIGKILL)
        let end = try await Self.event("ended", of: "web", monitor)
        #expect(end["signal"] == 9 && end["pid"]?.int == first.pid && end["network"] == "backend")
        _ = try await Self.event("started", of: "web", monitor)
        let network = try await Self.network("backend", of: fleet)
        #expect(network["state"] == "running" && network["restarts"] == 1)
        #expect(network["cause"] == "it was killed by signal 9 (SIGKILL), and was started again")
        let second = try fleet.networkSwitch("backend@shop")
        #expect(second.pid == network["pid"]?.int && second.pid != first.pid)

        // Taken over as it is.
        try await fleet.supervisor().kill()
        let adopted = try await Self.network("backend", of: fleet)
        #expect(adopted["pid"]?.int == second.pid && adopted["state"] == "running")
        #expect(adopted["ports"]?.array?.allSatisfy { $0["connected"] == true } == true)
        #expect(try fleet.networkSwitch("backend@shop").pid == second.pid)

        // Both gone: guests run, and have a switch again.
        try await fleet.supervisor().kill()
        await second.kill()
        let again = try await Self.network("backend", of: fleet)
        #expect(again["state"] == "running")
        #expect(try fleet.networkSwitch("backend@shop").pid == again["pid"]?.int)
        #expect(try fleet.guests().count == 2)

        // Nobody was there when its last guest ended.
        try await fleet.supervisor().kill()
        for guest in try fleet.guests() { await guest.kill() }
        for name in ["db", "web"] { try FileSystem.remove("\(fleet.state)/vms/\(name)@shop/wanted") }
        #expect(try await Self.network("backend", of: fleet)["state"] == "stopped")
        #expect(try fleet.switches().isEmpty)
        try await fleet.qemuvm("down")
      }
    }

    @Test("After a boot of the host the networks are there before the guests, with the same addresses")
    func reboot() async throws {
      try await Fleet.run { fleet in
        // None is written, so all are chosen.
        try fleet.write(
          """
          { lab: 'shop', networks: { backend: {} }, vms: {
            db: { profile: 'hello', networks: ['backend'] }, web: { profile: 'hello', networks: ['backend'] },
          } }
          """)
        try await fleet.qemuvm("up")
        let before = try await Self.network("backend", of: fleet)
        try await fleet.supervisor().kill()
        for process in try fleet.guests() + fleet.switches() { await process.kill() }
        for name in ["db", "web"] {
          let file = "\(fleet.state)/vms/\(name)@shop/state.json"
          var state = try JSONObject(json: JSONValue(parsing: try FileSystem.read(file)))
          state["boot"] = "another"
          try FileSystem.replace(file, with: JSONValue.object(state).bytes(), durable: false)
        }
        try await fleet.qemuvm("ls")
        for name in ["db", "web"] { try await fleet.wait(for: name, toBe: "running") }
        let after = try await Self.network("backend", of: fleet)
        #expect(after["state"] == "running" && after["subnet"] == before["subnet"])
        #expect(Self.addresses(after) == Self.addresses(before))
        try await fleet.qemuvm("down")
      }
    }

    @Test("What is edited comes with the next 'up'; what would take a network from its guests is refused")
    func edited() async throws {
      try await Fleet.run { fleet in
        try fleet.write(Self.lab)
        try await fleet.qemuvm("up")
        let first = try fleet.networkSwitch("backend@shop")
        try await fleet.qemuvm("up")
        #expect(try fleet.networkSwitch("backend@shop").pid == first.pid)
        // One more VM: its port is another switch's, and those that run keep their addresses.
        let mail = "vms: { mail: { profile: 'hello', networks: ['backend'] },"
        try fleet.write(Self.lab.replacing("vms: {", with: mail))
        try await fleet.qemuvm("up")
        let network = try await Self.network("backend", of: fleet)
        #expect(Self.addresses(network) == ["db 10.9.0.2", "mail 10.9.0.3", "web 10.9.0.80"])
        #expect(network["state"] == "running")
        #expect(try fleet.networkSwitch("backend@shop").pid != first.pid)
        // A lab's networks stay as they are while guests are on them.
        try fleet.write(Self.lab.replacing("10.9.0.", with: "10.8.0."))
        let moved = try await fleet.qemuvm("up", expecting: 1)
        let words =
          "the network shop/backend: its subnet cannot become 10.8.0.0/24, for db runs on it with 10.9.0.0/24"
        #expect(moved.errors.contains(words), "\(moved)")
        try fleet.write("{ lab: 'shop', vms: { db: { profile: 'hello' }, web: { profile: 'hello' } } }")
        let gone = try await fleet.qemuvm("up", expecting: 1)
        #expect(gone.errors.contains("the network shop/backend: it cannot go, for db runs on it"), "\(gone)")
        try await fleet.qemuvm("down", "shop/db", "shop/web", "shop/mail")
        // A card whose network nobody knows, and one whose sockets would have no room for their paths.
        try fleet.write("{ lab: 'shop', vms: { db: { profile: 'hello', networks: ['backend'] } } }")
        let unknown = try await fleet.qemuvm("up", expecting: 2)
        #expect(unknown.errors.contains("unknown network 'backend'; use user or none"), "\(unknown)")
        let long = String(repeating: "n", count: 60)
        try fleet.write(
          """
          { lab: 'shop', networks: { \(long): {} }, vms: {
            \(long): { profile: 'hello', networks: ['\(long)'] } } }
          """)
        let path = try await fleet.qemuvm("up", expecting: 1)
        #expect(path.errors.contains("networks[0]: the path of its card's socket has "), "\(path)")
        #expect(try await fleet.json("ls") == [])
      }
    }

    @Test("A VM whose network cannot be does not start, and says why; one that runs says what is wrong")
    func failing() async throws {
      try await Fleet.run { fleet in
        try fleet.write(
          """
          { lab: 'shop', networks: { backend: {} }, vms: { db: { profile: 'hello', networks: ['backend'] } } }
          """)
        try await fleet.qemuvm("ls")
        // The switch cannot have its log.
        let folder = fleet.state + "/networks/backend@shop"
        try FileSystem.makeDirectory(folder + "/log")
        let up = try await fleet.qemuvm("up", expecting: 1)
        let words = "the switch of shop/backend, its network, cannot be started: \(folder)/log: "
        #expect(up.errors.contains(words), "\(up)")
        #expect(try fleet.switches().isEmpty)
        try FileSystem.removeTree(folder + "/log")
        try await fleet.qemuvm("up")
        // One that cannot be started again: its guests go on, and it is told.
        let monitor = try await fleet.monitor()
        try FileSystem.remove(folder + "/log")
        try FileSystem.makeDirectory(folder + "/log")
        try fleet.networkSwitch("backend@shop").signal(SIGKILL)
        _ = try await Self.event("failed", of: "db", monitor)
        let why = try await fleet.qemuvm("why", "db")
        #expect(why.output.contains("the switch of its network 'backend' is not there: "), "\(why.output)")
        let network = try await Self.network("backend", of: fleet)
        #expect(network["pid"] == .null, "\(network)")
        #expect(network["cause"]?.string?.contains("\(folder)/log: ") == true, "\(network)")
        #expect(try await fleet.status("db")["state"] == "running")
        try FileSystem.removeTree(folder + "/log")
        _ = try await Self.event("started", of: "db", monitor)
        #expect(try await Self.network("backend", of: fleet)["state"] == "running")
        try await fleet.qemuvm("down")
      }
    }
  }
}
