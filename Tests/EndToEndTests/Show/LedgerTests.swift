import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("The ledger") struct LedgerTests {
    @Test("A follower sees a guest's whole life, each record once, and why tells it even after down")
    func followed() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("create")
        let follower = try fleet.start(["events", "-f", "--since", "0", "--json"])
        try await fleet.qemuvm("up")
        let first = try fleet.guest()
        first.signal(9)
        try await fleet.wait(for: "shop/web") { $0["state"] == "running" && $0["pid"]?.int != first.pid }
        let why = try await fleet.json("why", "web")
        let verdict = try #require(why["verdict"]?.string)
        #expect(
          verdict.hasPrefix("shop/web runs again, and has failed once since "), "\(verdict)")
        #expect(why["ending"] == "died" && why["restarts"] == 1)
        #expect(try !#require(why["advice"]?.array).isEmpty)
        try await fleet.wait(for: "web", toSay: "READY")
        try await fleet.qemuvm("down")

        var story: [String] = []
        var numbers: [Int] = []
        while story.last != "removed", let line = try await follower.output.readLine() {
          let record = try JSONValue(parsing: line)
          numbers.append(try #require(record["seq"]?.int))
          #expect(record["name"] == (record["event"] == "supervisor" ? .null : "web"))
          let kind = try #require(record["event"]?.string)
          story.append(
            [kind, record["verb"]?.string ?? record["state"]?.string ?? record["qmp"]?.string]
              .compactMap { $0 }.joined(separator: " "))
        }
        follower.signal(2)
        _ = try await follower.end()
        #expect(numbers == Array(1...numbers.count))
        let steps = [
          "supervisor", "wish create", "wish up", "state starting", "spawned", "state running", "exited",
          "state backoff", "state starting", "spawned", "state running", "wish down", "state stopping",
          "qmp SHUTDOWN", "exited", "state stopped", "removed",
        ]
        var rest = steps[...]
        for step in story where step == rest.first { rest.removeFirst() }
        #expect(rest.isEmpty, "\(rest.first ?? "") is missing in \(story)")

        let gone = try await fleet.json("why", "shop/web")
        #expect(gone["state"] == .null)
        #expect(try #require(gone["verdict"]?.string).contains("taken down"))
        try await fleet.qemuvm("why", "shop/nobody", expecting: 3)
      }
    }

    @Test("Numbers go on over a supervisor's death, and the time without one is recorded")
    func gap() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        try await fleet.wait(for: "web", toSay: "READY")
        let follower = try fleet.start(["events", "-f"])
        try await follower.output.read(until: "running")
        try await fleet.supervisor().kill()
        let outcome = try await follower.end()
        #expect(outcome.status == .code(5))
        #expect(outcome.errors.contains("events -f --since"))
        let lines = try await fleet.qemuvm("events", "--json").output.split(separator: "\n")
        let records = try lines.map { try JSONValue(parsing: String($0)) }
        #expect(records.compactMap { $0["seq"]?.int } == Array(1...records.count))
        let place = try #require(records.firstIndex { $0["event"] == "gap" })
        #expect(records[place]["orderly"] == false && records[place]["rebooted"] == false)
        #expect(records[place + 1]["event"] == "supervisor")
        #expect(records[place...].contains { $0["event"] == "adopted" && $0["name"] == "web" })
        let since = try await fleet.qemuvm("events", "web", "--since", "\(place)", "--json").output
        #expect(!since.contains("\"gap\"") && since.contains("\"adopted\"") && !since.contains("spawned"))
      }
    }

    @Test("A start that QEMU refuses is explained with its words and the key")
    func refused() async throws {
      try await Fleet.run { fleet in
        try fleet.define("arguments: ['-device', 'no-such-device'],")
        try await fleet.qemuvm("up", expecting: 1)
        let why = try await fleet.qemuvm("why", "web").output
        #expect(
          why.hasPrefix("shop/web is down and stays down: cannot start: QEMU exited with code 1"), "\(why)")
        #expect(why.contains("is not a valid device model name"))
        #expect(why.contains("The key is arguments") && why.contains("qemuvm args shop/web"))
        #expect(why.contains("What happened:") && why.contains("QEMU's last words:"))
      }
    }

    @Test("The control socket answers query-events and query-why, and tells each record as an event")
    func controlSocket() async throws {
      try await Fleet.run { fleet in
        try fleet.define()
        try await fleet.qemuvm("up")
        let monitor = try await fleet.monitor()
        try await fleet.qemuvm("stop")
        let told = try await monitor.event { $0["event"] == "LEDGER" && $0["data"]?["state"] == "stopped" }[
          "data"]
        let page = try await monitor.execute("query-events", ["name": "shop/web"])
        #expect(page["complete"] == true && page["lab"] == "shop")
        #expect(page["events"]?.array?.last == told)
        let since = try #require(told?["seq"]?.int)
        #expect(try await monitor.execute("query-events", ["since": JSONValue(since)])["events"] == [])
        let why = try await monitor.execute("query-why", ["name": "web"])
        #expect(why["verdict"] == "shop/web is stopped: stopped by the user.")
        #expect(why["timeline"]?.array?.last == told)
      }
    }
  }
}
