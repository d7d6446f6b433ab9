import Glibc
import Host
import JSON
import Testing

extension EndToEnd {
  @Suite("The switch of a network") struct Switch {
    @Test("Frames go their way, and each port's are counted")
    func frames() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web"])
        let process = try await network.startSwitch()
        let (db, web) = (try TestCard(network, "db"), try TestCard(network, "web"))
        for serial in 0..<3 { #expect(db.send(db.packet(to: web, serial)) == 0) }
        for serial in 0..<3 { #expect(TestCard.serial(of: try web.receive()) == serial) }
        #expect(web.send(db.packet(to: web, 9)) == 0)
        #expect(db.send(db.question) == 0)
        #expect(try db.receive()[20..<22] == [0, 2])
        let report = try await network.report()
        #expect(report["name"] == "shop/backend")
        #expect(report["pid"] == JSONValue(process.process.pid))
        let first = try await network.report(of: "db")
        #expect(first["framesIn"] == 4)
        #expect(first["bytesIn"] == 3042)
        #expect(first["framesOut"] == 1)
        #expect(first["connected"] == true)
        let second = try await network.report(of: "web")
        #expect(second["framesOut"] == 3)
        #expect(second["bytesOut"] == 3000)
        #expect(second["drops"]?["foreignMAC"] == 1)
        #expect(second["drops"]?["full"] == 0)
        try await network.end(process)
        for card in [db, web] { card.removePath() }
      }
    }

    @Test(
      "A guest that takes nothing slows no other; what has no room is dropped and counted, and the rest kept in order"
    )
    func fullGuest() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web", "log"])
        let process = try await network.startSwitch()
        let (db, web, log) = (
          try TestCard(network, "db"), try TestCard(network, "web"), try TestCard(network, "log")
        )
        let count = 2000
        for serial in 0..<count {
          #expect(db.send(db.packet(to: web, serial)) == 0)
          #expect(db.send(db.packet(to: log, serial)) == 0)
          #expect(TestCard.serial(of: try log.receive()) == serial)
        }
        let report = try await network.report(of: "web")
        let (out, waiting) = (try #require(report["framesOut"]?.int), try #require(report["waiting"]?.int))
        let dropped = try #require(report["drops"]?["full"]?.int)
        #expect(waiting > 100)
        #expect(dropped > 0)
        #expect(out + waiting + dropped == count)
        // As soon as it takes frames again it is given the oldest, whole and in order.
        for serial in 0..<(out + waiting) { #expect(TestCard.serial(of: try web.receive()) == serial) }
        #expect(db.send(db.packet(to: web, count)) == 0)
        #expect(TestCard.serial(of: try web.receive()) == count)
        #expect(try await network.report(of: "web")["waiting"] == 0)
        try await network.end(process)
        for card in [db, web, log] { card.removePath() }
      }
    }

    @Test("A guest that comes back is heard at once, without a word from anybody else")
    func newCard() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web"])
        let process = try await network.startSwitch()
        #expect(try await network.report(of: "db")["connected"] == false)
        for _ in 0..<20 {
          // What stands there of the one before is removed by the next, as by QEMU.
          let db = try TestCard(network, "db")
          // The switch has looked at what happened before it answers this.
          #expect(try await network.report(of: "db")["connected"] == true)
          #expect(db.send(db.question) == 0)
          #expect(try db.receive()[20..<22] == [0, 2])
        }
        unlink(network.card("db"))
        let web = try TestCard(network, "web")
        #expect(web.send(web.packet(to: web, 1)) == 0)
        for _ in 0..<5 { #expect(web.send(Self.broadcast(web)) == 0) }
        #expect(web.send(web.question) == 0)
        _ = try web.receive()
        #expect(try await network.report(of: "db")["drops"]?["absent"] == 5)
        #expect(try await network.report(of: "web")["drops"]?["unknownDestination"] == 1)
        try await network.end(process)
        web.removePath()
      }
    }

    @Test("Killed and started again, it is there for guests that run; what it left behind is in nobody's way")
    func killed() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web"])
        let (db, web) = (try TestCard(network, "db"), try TestCard(network, "web"))
        for serial in 0..<5 {
          let process = try await network.startSwitch()
          #expect(db.send(db.packet(to: web, serial)) == 0)
          #expect(TestCard.serial(of: try web.receive()) == serial)
          #expect(web.send(web.packet(to: db, serial)) == 0)
          #expect(TestCard.serial(of: try db.receive()) == serial)
          process.signal(SIGKILL)
          _ = try await process.end()
          #expect(FileSystem.exists(network.switchEnd("db")))
          #expect(db.send(db.packet(to: web, serial)) == ECONNREFUSED)
        }
        try await network.end(try await network.startSwitch())
        for card in [db, web] { card.removePath() }
      }
    }

    @Test("Its end leaves the paths of a next one alone")
    func successor() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db", "web"])
        let first = try await network.startSwitch()
        let second = try await network.startSwitch()
        first.signal(SIGTERM)
        #expect(try await first.end().status == .code(0))
        #expect(FileSystem.exists(network.switchEnd("db")))
        #expect(try await network.report()["pid"] == JSONValue(second.process.pid))
        try await network.end(second)
      }
    }

    @Test("Names from elsewhere are asked of the server that the network has, and guests hear its answer")
    func forwardedNames() async throws {
      try await Fleet.run { fleet in
        let server = try NameServer()
        let settings: JSONObject = ["dns": true, "nameServer": .string(NameServer.address)]
        let network = try NetworkFolder(fleet, ["db", "web"], settings)
        let process = try await network.startSwitch()
        let db = try TestCard(network, "db")
        for number in 0..<3 as Range<UInt8> {
          let name: [UInt8] = [7] + Array("example".utf8) + [3] + Array("org".utf8) + [0, 0, 1, 0, 1]
          let question = [0xab, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name
          #expect(db.send(db.question(question)) == 0)
          let answer: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, number]
          let asked = try server.answer(with: answer)
          #expect(asked.dropFirst(2) == question.dropFirst(2))
          let heard = try db.receive().dropFirst(42)
          #expect(Array(heard) == [0xab, number, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + name + answer)
        }
        try await network.end(process)
        db.removePath()
      }
    }

    @Test("It may do nothing that it need not, and its sockets are its user's alone")
    func rights() async throws {
      try await Fleet.run { fleet in
        let network = try NetworkFolder(fleet, ["db"])
        let process = try await network.startSwitch()
        let status = try fleet.text(of: "/proc/\(process.process.pid)/status")
        #expect(status.contains("NoNewPrivs:\t1\n"))
        #expect(status.contains("CapEff:\t0000000000000000\n"))
        #expect(status.contains("CapPrm:\t0000000000000000\n"))
        #expect(status.contains("Threads:\t1\n"))
        for path in [network.switchEnd("db"), network.control] {
          var status = stat()
          try #require(lstat(path, &status) == 0)
          #expect(status.st_mode & 0o777 == 0o600)
        }
        try await network.end(process)
      }
    }

    @Test("What cannot be is told before anything is touched")
    func refusals() async throws {
      try await Fleet.run { fleet in
        _ = try NetworkFolder(fleet, ["db"], ["address": "10.8.0.1"])
        let invalid = try await fleet.qemuvm("switch", "run", "network.json", expecting: 2)
        #expect(
          invalid.errors
            == "network.json: the switch's address 10.8.0.1 is not one of a card's in 10.9.0.0/24\n")
        let network = try NetworkFolder(fleet, ["db"])
        try fleet.write("precious", to: "db.switch")
        let occupied = try await fleet.qemuvm("switch", "run", "network.json", expecting: 1)
        #expect(occupied.errors.contains("\(network.switchEnd("db")): File exists"))
        #expect(try fleet.text(of: network.switchEnd("db")) == "precious")
        try FileSystem.remove(network.switchEnd("db"))
        let missing = try await fleet.qemuvm("switch", "run", "none.json", expecting: 1)
        #expect(missing.errors.contains("none.json: No such file or directory"))
      }
    }

    private static func broadcast(_ card: TestCard) -> [UInt8] {
      [UInt8](repeating: 0xff, count: 6) + card.question[6..<38] + [10, 9, 0, 99]
    }
  }
}
