import Host
import JSON
import QMP
import Testing

@Suite("A QMP connection to a stub server")
struct ConnectionTests {
  @Test("gives the greeting when the server has taken qmp_capabilities")
  func negotiation() async throws {
    let pair = try StubPair()
    await pair.server.start()
    async let greeting = pair.client.negotiate()
    var requests = pair.server.requests.makeAsyncIterator()
    let first = try #require(await requests.next())
    #expect(first.command == "qmp_capabilities")
    #expect(first.arguments.isEmpty)
    await pair.server.reply(to: first)
    #expect(try await greeting == QMPGreeting(version: QMPVersion(7, 2, 22), capabilities: ["oob"]))
    #expect(try await pair.client.negotiate().version == QMPVersion(7, 2, 22))
  }

  @Test("sends no command before negotiation, and says so")
  func commandBeforeNegotiation() async throws {
    let pair = try StubPair()
    await #expect(throws: QMPError.notNegotiated(command: "cont")) {
      try await pair.client.execute(Continue())
    }
  }

  @Test("takes replies in any order, events between them, and bytes one at a time", arguments: [false, true])
  func outOfOrder(bytewise: Bool) async throws {
    let pair = try await StubPair.negotiated(sendsBytewise: bytewise)
    var requests = pair.server.requests.makeAsyncIterator()
    let events = await pair.client.events()
    async let first = pair.client.outcome(of: "a", ["n": 1])
    let a = try #require(await requests.next())
    async let second = pair.client.execute("b")
    let b = try #require(await requests.next())
    async let third = pair.client.execute("c")
    let c = try #require(await requests.next())
    #expect(a.arguments == ["n": 1])
    #expect(Set([a, b, c].compactMap { $0.id?.int }).count == 3)

    await pair.server.reply(to: c, "third")
    await pair.server.send(QMPEvent("STOP").json)
    await pair.server.refuse(a, QMPErrorReply("GenericError", "no"))
    await pair.server.send(QMPEvent("RESUME").json)
    await pair.server.reply(to: b, ["n": JSONValue(UInt64.max)])
    #expect(try await third == "third")
    #expect(try await second["n"]?.uint64 == .max)
    #expect(await first == .failure(.execution(QMPErrorReply("GenericError", "no"), command: "a")))
    var names = events.makeAsyncIterator()
    #expect(await names.next()?.name == "STOP")
    #expect(await names.next()?.name == "RESUME")
  }

  @Test("keeps 1000 commands in flight")
  func manyInFlight() async throws {
    let pair = try await StubPair.negotiated()
    let server = pair.server
    let answering = Task {
      var held: [QMPRequest] = []
      for await request in server.requests {
        held.append(request)
        guard held.count == 1000 else { continue }
        for request in held.reversed() { await server.reply(to: request, request.arguments["n"] ?? .null) }
      }
    }
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 1...1000 {
        group.addTask { try await pair.client.execute("echo", ["n": JSONValue(number)]).int ?? 0 }
      }
      return try await group.reduce(0, +)
    }
    #expect(sum == 500_500)
    await pair.client.close()
    await answering.value
  }

  @Test("gives up a command at its deadline, drops its late reply, and goes on")
  func deadline() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    let error = QMPError.timedOut(command: "slow", after: .milliseconds(10))
    await #expect(throws: error) { try await pair.client.execute("slow", deadline: .milliseconds(10)) }
    let late = try #require(await requests.next())
    async let next = pair.client.execute("next")
    let request = try #require(await requests.next())
    await pair.server.reply(to: late, "late")
    await pair.server.reply(to: request, "in time")
    #expect(try await next == "in time")
  }

  @Test("gives up each command at its own deadline, the shortest first")
  func deadlines() async throws {
    let pair = try await StubPair.negotiated()
    let order = AsyncStream<String> { continuation in
      Task {
        await pair.client.inOrder { client in
          // All are sent before any is due, and by then by far: one look may find two of them.
          for (name, limit) in [("long", 2000), ("short", 500), ("middle", 1000)] {
            client.send(name, deadline: .milliseconds(limit)) { result in
              if case .failure(.timedOut(let command, _)) = result { continuation.yield(command) }
            }
          }
        }
      }
    }
    var names: [String] = []
    for await name in order {
      names.append(name)
      if names.count == 3 { break }
    }
    #expect(names == ["short", "middle", "long"])
  }

  @Test("gives each listener its own copy of each event, and none after it has left")
  func listeners() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    let first = await pair.client.events()
    let second = await pair.client.events()
    let leaving = Counter()
    let token = await pair.client.inOrder { $0.onEvent { _ in leaving.increment() } }
    await pair.server.send(QMPEvent("ONE", ["x": 1]).json)
    async let barrier = pair.client.execute("barrier")
    await pair.server.reply(to: try #require(await requests.next()))
    _ = try await barrier
    await pair.client.stopListening(token)
    await pair.server.send(QMPEvent("TWO").json)
    await pair.server.hangUp()
    #expect(await first.map(\.name).collect() == ["ONE", "TWO"])
    #expect(await second.map { $0.data["x"] }.collect() == [1, nil])
    #expect(leaving.count == 1)
  }

  @Test("refuses a reply of another type than the command returns")
  func wrongType() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    let client = pair.client
    let status = Task { try await client.execute(QueryStatus()) }
    let request = try #require(await requests.next())
    await pair.server.reply(to: request, ["running": "yes", "status": "running"])
    let error = JSONTypeError(path: ["running"], expected: "true or false", found: "\"yes\"")
    await #expect(throws: QMPError.protocolViolation(command: "query-status", error)) {
      try await status.value
    }
  }

  @Test("takes an error without id for the oldest command's, and further ones in a row for the same line's")
  func errorWithoutID() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    async let first = pair.client.outcome(of: "first")
    _ = await requests.next()
    async let second = pair.client.execute("second")
    let good = try #require(await requests.next())
    let error = QMPErrorReply("GenericError", "JSON parse error")
    for _ in 1...3 { await pair.server.send(QMPReply(.failure(error), id: nil).json) }
    await pair.server.reply(to: good, "fine")
    #expect(await first == .failure(.execution(error, command: "first")))
    #expect(try await second == "fine")
  }
}
