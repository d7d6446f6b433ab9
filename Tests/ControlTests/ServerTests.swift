import Glibc
import Host
import JSON
import QMP
import Synchronization
import Testing

@testable import Control

@Suite("The control server")
struct ServerTests {
  @Test("greets as QEMU does, and takes no command before negotiation")
  func negotiation() async throws {
    let fixture = try await Fixture(answering: true)
    let client = try await fixture.plainClient(negotiates: false)
    #expect(
      await client.next() == [
        "QMP": [
          "version": ["qemu": ["major": 0, "minor": 1, "micro": 0], "package": "qemuvm"], "capabilities": [],
        ]
      ])
    await client.send(#"{"execute": "query-vms", "id": 1}"#)
    let early: JSONValue = [
      "error": [
        "class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'",
      ], "id": 1,
    ]
    #expect(await client.next() == early)
    await client.send(#"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#)
    #expect(await client.next()?["error"]?["desc"] == "Capability oob not available")
    await client.send(#"{"execute": "qmp_capabilities", "id": "x"}"#)
    #expect(await client.next() == ["return": [:], "id": "x"])
    await client.send(#"{"execute": "qmp_capabilities"}"#)
    #expect(await client.next()?["error"]?["class"] == "CommandNotFound")
    await fixture.end()
  }

  @Test("takes requests however they are cut, without line feeds too, and echoes any id")
  func framing() async throws {
    let fixture = try await Fixture(answering: true)
    let client = try await fixture.plainClient()
    await client.send(#"{"execute": "query-vms", "id": {"a": [1, "}"]}}{"execute":"query-"#)
    #expect(await client.next() == ["return": "query-vms", "id": ["a": [1, "}"]]])
    await client.send(#"supervisor"}"#)
    #expect(await client.next() == ["return": "query-supervisor"])
    for byte in #"  {"execute": "query-vms", "id": null}"# { await client.send(String(byte)) }
    #expect(await client.next() == ["return": "query-vms", "id": nil])
    await fixture.end()
  }

  @Test("answers what is about itself, and gives everything else to the handler")
  func ownCommands() async throws {
    let fixture = try await Fixture(answering: true)
    let client = try await fixture.client()
    #expect(await client.serverVersion == "0.1.0")
    #expect(try await client.perform(.queryVersion)["qemu"]?["minor"] == 1)
    let commands = try await client.perform(.queryCommands).array?.compactMap { $0["name"]?.string } ?? []
    #expect(Set(commands) == Set(ControlRequest.commandNames + ["qmp_capabilities"]))
    #expect(try await client.perform(.start(name: "web")) == "start")
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .start(name: "web"))
    await fixture.end()
  }

  @Test(
    "answers garbage with an error, and goes on",
    arguments: ["garbage", "]", "{\"a\"}", "[]", "{\"id\": 5}", "\"a\n"])
  func garbage(text: String) async throws {
    let fixture = try await Fixture(answering: true)
    let client = try await fixture.plainClient()
    let other = try await fixture.plainClient()
    await client.send(text + "\n")
    let error = await client.next()
    #expect(error?["error"]?["class"] == "GenericError")
    #expect(error?["id"] == (text.contains("id") ? 5 : nil))
    for each in [client, other] {
      await each.send(#"{"execute": "query-vms"}"#)
      #expect(await each.next() == ["return": "query-vms"])
    }
    await fixture.end()
  }

  @Test("ends a connection whose request has no end, after saying so")
  func endlessRequest() async throws {
    let fixture = try await Fixture(answering: true)
    let client = try await fixture.plainClient()
    await client.send("{\"execute\": \"" + String(repeating: "x", count: 2 << 20))
    #expect(await client.next()?["error"]?["desc"] == "A request of more than 2097152 bytes")
    #expect(await client.next() == nil)
    await fixture.end()
  }

  @Test("answers commands with ids as they are done, and those without in their order")
  func order() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.plainClient()
    var started = fixture.work.started.makeAsyncIterator()
    let stuck = ControlRequest.execute(name: "sick", command: ["execute": "query-status"], timeout: nil)
    await client.send(
      """
      {"execute": "vm-execute", "arguments": {"name": "sick", "command": {"execute": "query-status"}}, "id": 1}
      {"execute": "start", "arguments": {"name": "b"}, "id": 2}
      {"execute": "nonsense", "id": 3}
      {"execute": "stop", "arguments": {"name": "a"}}
      {"execute": "query-vms"}
      """)
    #expect(await client.next()?["id"] == 3)
    // Each is a task of its own: which of them starts first is open.
    var names: Set<String?> = []
    for _ in 0..<3 { names.insert(await started.next()?.vmName) }
    #expect(names == ["sick", "b", "a"])
    await fixture.work.answer(.start(name: "b"), .failure(ControlError(.invalid, "no")))
    #expect(await client.next() == ["error": ["class": "InvalidDefinition", "desc": "no"], "id": 2])
    await fixture.work.answer(.stop(name: "a", timeout: nil), .success("a"))
    #expect(await client.next() == ["return": "a"])
    #expect(await started.next() == .queryVMs)
    await fixture.work.answer(.queryVMs, .success([]))
    #expect(await client.next() == ["return": []])
    await fixture.work.answer(stuck, .success("late"))
    #expect(await client.next() == ["return": "late", "id": 1])
    await fixture.end()
  }

  @Test("lets a slow command delay its own client only")
  func slowCommand() async throws {
    let fixture = try await Fixture()
    let slow = try await fixture.client()
    let quick = try await fixture.client()
    let stuck = ControlRequest.execute(name: "sick", command: ["execute": "query-status"], timeout: nil)
    let waiting = Task { try await slow.perform(stuck) }
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == stuck)
    let asked = Task { try await quick.perform(.queryVMs) }
    #expect(await started.next() == .queryVMs)
    await fixture.work.answer(.queryVMs, .success(["ok"]))
    #expect(try await asked.value == ["ok"])
    await fixture.work.answer(stuck, .failure(ControlError(.qemu("DeviceNotActive"), "sick: no")))
    await #expect(throws: ControlError(.qemu("DeviceNotActive"), "sick: no")) { try await waiting.value }
    await fixture.end()
  }

  @Test("tells events to all who have negotiated, in order")
  func events() async throws {
    let fixture = try await Fixture(answering: true)
    let stranger = try await fixture.plainClient(negotiates: false)
    _ = await stranger.next()
    let plain = try await fixture.plainClient()
    let client = try await fixture.client()
    // A client negotiates with its first command.
    _ = try await client.perform(.queryVersion)
    for number in 1...3 { fixture.server.broadcast(QMPEvent("VM_MESSAGE", ["n": JSONValue(number)])) }
    for number in 1...3 { #expect(try await client.next()?.event?.data["n"]?.int == number) }
    for number in 1...3 { #expect(await plain.next()?["data"]?["n"]?.int == number) }
    // The stranger's next line is not an event.
    await stranger.send(#"{"execute": "qmp_capabilities"}"#)
    #expect(await stranger.next() == ["return": [:]])
    await fixture.end()
  }

  @Test("serves 96 clients at once")
  func manyClients() async throws {
    let fixture = try await Fixture(answering: true)
    let answers = try await withThrowingTaskGroup(of: [JSONValue].self) { group in
      for number in 1...96 {
        group.addTask {
          let client = try await fixture.client()
          let first = try await client.perform(.start(name: VMReference("vm\(number)")))
          let second = try await client.perform(.queryVMs)
          await client.close()
          return [first, second]
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 96)
    #expect(answers.allSatisfy { $0 == ["start", "query-vms"] })
    await fixture.end()
  }

  @Test("knows of a client that has connected a moment ago")
  func acceptWaiting() async throws {
    let fixture = try await Fixture(answering: true)
    #expect(await fixture.server.acceptWaiting() == 0)
    let first = try UnixSocket.connect(to: fixture.path)
    let second = try UnixSocket.connect(to: fixture.path)
    #expect(await fixture.server.acceptWaiting() == 2)
    _ = consume first
    _ = consume second
    await fixture.end()
  }

  @Test("drops a client that does not read, and no other")
  func slowReader() async throws {
    let fixture = try await Fixture(answering: true)
    let counts = await fixture.clientCounts()
    var count = counts.makeAsyncIterator()
    let socket = try UnixSocket.connect(to: fixture.path)
    try socket.write(Array(#"{"execute": "qmp_capabilities"}"#.utf8))
    #expect(await count.next() == 1)
    let reader = try await fixture.plainClient()
    #expect(await count.next() == 2)
    let text = JSONValue(String(repeating: "x", count: 1 << 20))
    for _ in 1...9 {
      fixture.server.broadcast(QMPEvent("VM_MESSAGE", ["text": text]))
      #expect(await reader.next()?["data"]?["text"] == text)
    }
    #expect(await count.next() == 1)
    await reader.send(#"{"execute": "query-vms"}"#)
    #expect(await reader.next() == ["return": "query-vms"])
    _ = consume socket
    await fixture.end()
  }

  @Test(
    "holds up a client that sends far more than is answered, and answers it all", arguments: [true, false])
  func greedyClient(haveIDs: Bool) async throws {
    let fixture = try await Fixture()
    let client = try await fixture.plainClient()
    var started = fixture.work.started.makeAsyncIterator()
    // With ids all run behind the first, which is about their VM; without, replies keep their order.
    let first = ControlRequest.kill(name: "a")
    await client.send(#"{"execute": "kill", "arguments": {"name": "a"}\#(haveIDs ? #", "id": 0"# : "")}"#)
    #expect(await started.next() == first)
    let filler = String(repeating: " ", count: 4000)
    for number in 1...4000 {
      let command =
        haveIDs
        ? #""kill", "arguments": {"name": "a"}, "id": \#(number)"# : #""query-commands""#
      await client.send(#"{"execute":\#(filler)\#(command)}"#)
    }
    // Another is answered meanwhile, and what the first one sends stays with it.
    let other = try await fixture.client()
    #expect(try await other.perform(.queryVersion)["qemu"]?["minor"] == 1)
    #expect(await client.queuedBytes > 8 << 20)
    await fixture.work.answer(first, .success([]))
    for number in 0...4000 {
      if haveIDs, number > 0 {
        _ = await started.next()
        await fixture.work.answer(first, .success([]))
      }
      let reply = await client.next()
      guard reply?["return"] != nil, reply?["id"]?.int == (haveIDs ? number : nil) else {
        Issue.record("\(number): \(reply?.description ?? "the end")")
        break
      }
    }
    await fixture.end()
  }

  @Test("makes nothing for nobody, and each event once for all")
  func laziness() async throws {
    let fixture = try await Fixture(answering: true)
    let made = Atomic(0)
    let stranger = try await fixture.plainClient(negotiates: false)
    _ = await stranger.next()
    func tell() {
      fixture.server.broadcast(
        QMPEvent("VM_MESSAGE", ["n": JSONValue(made.add(1, ordering: .relaxed).newValue)]))
    }
    tell()
    let clients = [try await fixture.plainClient(), try await fixture.plainClient()]
    tell()
    for client in clients { #expect(await client.next()?["data"]?["n"] == 1) }
    #expect(made.load(ordering: .relaxed) == 1)
    await fixture.end()
  }

  @Test("tells one client too many that there is no room, and admits it when there is")
  func clientLimit() async throws {
    let fixture = try await Fixture(answering: true, clientLimit: 2)
    let counts = await fixture.clientCounts()
    let first = try await fixture.plainClient()
    let second = try await fixture.plainClient()
    let refused = try await fixture.plainClient(negotiates: false)
    let lines = await refused.rest()
    #expect(lines.first?["QMP"] != nil)
    #expect(lines.last?["error"]?["desc"]?.string?.hasPrefix("2 clients are connected already") == true)
    await first.hangUp()
    _ = second
    for await count in counts where count == 1 { break }
    let admitted = try await fixture.client()
    #expect(try await admitted.perform(.queryVMs) == "query-vms")
    await fixture.end()
  }

  @Test("finishes what a client began that has gone")
  func disconnectInFlight() async throws {
    let fixture = try await Fixture()
    let counts = await fixture.clientCounts()
    var count = counts.makeAsyncIterator()
    let client = try await fixture.plainClient()
    #expect(await count.next() == 1)
    var started = fixture.work.started.makeAsyncIterator()
    await client.send(#"{"execute": "up", "arguments": {"name": "a"}}{"execute": "query-vms"}"#)
    #expect(await started.next() == .up(.named("a"), dryRun: false))
    await client.hangUp()
    #expect(await count.next() == 0)
    await fixture.work.answer(.up(.named("a"), dryRun: false), .success([:]))
    // Nothing of the gone client's queue starts after it: the next command is another client's.
    let other = try await fixture.client()
    let asked = Task { try await other.perform(.querySupervisor) }
    #expect(await started.next() == .querySupervisor)
    await fixture.work.answer(.querySupervisor, .success([:]))
    #expect(try await asked.value == [:])
    await fixture.end()
  }

  @Test("sends what it owes before it closes, and refuses what has not begun")
  func closing() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.plainClient()
    var started = fixture.work.started.makeAsyncIterator()
    await client.send(#"{"execute": "quit", "id": 1}{"execute": "query-vms", "id": 2}"#)
    #expect(await started.next() == .quit())
    let closed = Task { await fixture.server.close() }
    await fixture.work.answer(.quit(), .success([:]))
    let rest = await client.rest()
    await closed.value
    #expect(rest.contains(["return": [:], "id": 1]))
    #expect(rest.last?["event"] == "SUPERVISOR_LEAVING")
    let others = rest.dropLast().filter { $0["id"] != 1 }
    #expect(others.allSatisfy { $0["id"] == 2 && $0["error"]?["class"] == "ServerClosing" })
    #expect(await fixture.server.clientCount == 0)
    // Nobody listens, or nobody any more: a child between fork and exec has the listening socket a moment longer.
    await #expect(throws: (any Error).self) { try await fixture.client() }
    await fixture.end()
  }

  @Test("closes after a second although a command does not end")
  func closingOverStuckCommand() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let asked = Task { try await client.perform(.quit()) }
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .quit())
    await fixture.server.close()
    let error = await #expect(throws: ControlError.self) { try await asked.value }
    #expect(error?.kind == .disconnected)
    await fixture.work.answer(.quit(), .success([:]))
    await fixture.end()
  }

  @Test("obeys its own user and root alone")
  func users() {
    #expect(ControlServer.isAllowed(getuid()))
    #expect(ControlServer.isAllowed(0))
    #expect(!ControlServer.isAllowed(getuid() == 65534 ? 65533 : 65534))
  }
}

extension Fixture {
  /// Each new number of clients from here on.
  func clientCounts() async -> AsyncStream<Int> {
    let (counts, feed) = AsyncStream.makeStream(of: Int.self)
    await server.onClientCountChange { feed.yield($0) }
    return counts
  }
}
