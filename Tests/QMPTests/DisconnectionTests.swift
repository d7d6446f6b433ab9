import Glibc
import Host
import JSON
import QMP
import Testing

@Suite("The end of a QMP connection")
struct DisconnectionTests {
  /// What a server sends in one conversation of a greeting, two replies and an event, up to `budget` bytes.
  private func converse(budget: Int?) async throws -> Result<JSONValue, QMPError> {
    let pair = try StubPair(budget: budget)
    let server = pair.server
    await server.start()
    let answering = Task {
      for await request in server.requests {
        await server.send(QMPEvent("NOISE", ["n": 1], timestamp: Timestamp(microseconds: 1)).json)
        await server.reply(to: request, "é")
      }
    }
    let result: Result<JSONValue, QMPError>
    do throws(QMPError) {
      try await pair.client.negotiate()
      result = await pair.client.outcome(of: "ask")
    } catch {
      result = .failure(error)
    }
    await pair.client.close()
    await answering.value
    return result
  }

  @Test("resumes whoever waits, in whatever byte the server hangs up")
  func everyByte() async throws {
    #expect(try await converse(budget: nil) == .success("é"))
    let greeting = QMPLine.fromServer(QMPGreeting(version: QMPVersion(7, 2, 22), capabilities: ["oob"]).json)
    let event = QMPLine.fromServer(QMPEvent("NOISE", ["n": 1], timestamp: Timestamp(microseconds: 1)).json)
    let reply = QMPLine.fromServer(QMPReply(.success("é"), id: 1).json)
    let negotiated = greeting.count + event.count + reply.count
    // The line feed makes the line.
    for budget in 0..<negotiated + event.count + reply.count {
      let expected: QMPError =
        if budget < greeting.count {
          .greeting(.peerGone)
        } else if budget < negotiated {
          .negotiation(.peerGone)
        } else {
          .interrupted(command: "ask", .peerGone)
        }
      #expect(try await converse(budget: budget) == .failure(expected), "hung up after \(budget) bytes")
    }
  }

  @Test("resumes every command in flight once, in order, then tells its handlers")
  func allInFlight() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    let (told, continuation) = AsyncStream.makeStream(of: String.self)
    await pair.client.inOrder { client in
      client.onClose { how in
        continuation.yield("closed: \(how == .peerGone)")
        continuation.finish()
      }
      for number in 1...20 {
        client.send("c\(number)") { result in
          guard case .failure(.interrupted(let command, .peerGone)) = result else { return }
          continuation.yield(command)
        }
      }
    }
    for _ in 1...20 { _ = await requests.next() }
    await pair.server.hangUp()
    #expect(await told.collect() == (1...20).map { "c\($0)" } + ["closed: true"])
    await #expect(throws: QMPError.interrupted(command: "late", .peerGone)) {
      try await pair.client.execute("late")
    }
    #expect(await pair.client.events().collect().isEmpty)
    #expect(await pair.client.disconnection == .peerGone)
  }

  @Test("ends on what no server sends", arguments: Lie.all)
  func lies(lie: Lie) async throws {
    let pair = try await StubPair.negotiated(lineLimit: 4096)
    var requests = pair.server.requests.makeAsyncIterator()
    async let outcome = pair.client.outcome(of: "ask")
    _ = await requests.next()
    await pair.server.send(text: lie.line)
    let result = await outcome
    guard case .failure(.interrupted(command: "ask", .violation(let violation))) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(lie.isExpected(violation), "\(violation)")
    // The client has closed: the server sees the end.
    #expect(await requests.next() == nil)
  }

  /// A line that no QMP server sends, and what it is called.
  struct Lie: Sendable, CustomTestStringConvertible {
    let line: String
    let isExpected: @Sendable (QMPViolation) -> Bool

    var testDescription: String { String(line.prefix(60)) }

    static let all = [
      Lie(line: "garbage\r\n") { if case .notJSON(_, "garbage") = $0 { true } else { false } },
      Lie(line: "{\"return\": {}, \"id\": 2} trailing\r\n") {
        if case .notJSON = $0 { true } else { false }
      },
      Lie(line: "[]\n") { if case .notAMessage = $0 { true } else { false } },
      Lie(line: "{\"result\": 1}\n") { if case .notAMessage = $0 { true } else { false } },
      Lie(line: "{\"error\": \"bad\", \"id\": 2}\n") { if case .notAMessage = $0 { true } else { false } },
      Lie(line: "{\"event\": \"X\"}\n") { if case .notAMessage = $0 { true } else { false } },
      Lie(line: "{\"event\": 1, \"timestamp\": {\"seconds\": 0, \"microseconds\": 0}}\n") {
        if case .notAMessage = $0 { true } else { false }
      },
      Lie(line: "{\"return\": {}}\n") { $0 == .unknownID(nil) },
      Lie(line: "{\"return\": {}, \"id\": 3}\n") { $0 == .unknownID(3) },
      Lie(line: "{\"return\": {}, \"id\": 0}\n") { $0 == .unknownID(0) },
      Lie(line: "{\"return\": {}, \"id\": \"2\"}\n") { $0 == .unknownID("2") },
      Lie(line: "{\"error\": {\"class\": \"a\", \"desc\": \"b\"}, \"id\": 9}\n") { $0 == .unknownID(9) },
      Lie(
        line:
          "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2, \"micro\": 0}}, \"capabilities\": []}}\n"
      ) { $0 == .repeatedGreeting },
      Lie(line: String(repeating: " ", count: 4097)) { $0 == .lineTooLong(limit: 4096) },
      Lie(line: String(repeating: "[", count: 4000) + "\n") { if case .notJSON = $0 { true } else { false } },
    ]
  }

  @Test("ends when something else than a greeting comes first")
  func noGreeting() async throws {
    let pair = try StubPair()
    await pair.server.start(greets: false)
    await pair.server.send(text: "{\"return\": {}, \"id\": 1}\r\n")
    await #expect(throws: QMPError.greeting(.violation(.noGreeting))) { try await pair.client.negotiate() }
  }

  @Test("ends when the server refuses qmp_capabilities")
  func refused() async throws {
    let pair = try StubPair()
    await pair.server.start()
    let client = pair.client
    let greeting = Task { try await client.negotiate() }
    var requests = pair.server.requests.makeAsyncIterator()
    let error = QMPErrorReply("CommandNotFound", "no")
    await pair.server.refuse(try #require(await requests.next()), error)
    await #expect(throws: QMPError.negotiation(.refused(error))) {
      try await greeting.value
    }
  }

  @Test(
    "ends when the greeting, or the reply to qmp_capabilities, does not come in time",
    arguments: [false, true])
  func silence(greets: Bool) async throws {
    let pair = try StubPair()
    await pair.server.start(greets: greets)
    let limit = Duration.milliseconds(greets ? 500 : 10)
    let how = QMPDisconnection.deadline(limit)
    let error = await #expect(throws: QMPError.self) { try await pair.client.negotiate(deadline: limit) }
    await pair.client.close()
    // A busy machine may not have come to read a greeting that is there.
    var requests = pair.server.requests.makeAsyncIterator()
    let hasAsked = await requests.next() != nil
    #expect(error == (hasAsked ? QMPError.negotiation(how) : .greeting(how)))
    #expect(!hasAsked || greets)
  }

  @Test("of our own making resumes what is in flight, and a second one changes nothing")
  func closing() async throws {
    let pair = try await StubPair.negotiated()
    var requests = pair.server.requests.makeAsyncIterator()
    async let outcome = pair.client.outcome(of: "ask")
    _ = await requests.next()
    await pair.client.close()
    await pair.client.close()
    #expect(await outcome == .failure(.interrupted(command: "ask", .closed)))
    #expect(await requests.next() == nil)
    await #expect(throws: QMPError.greeting(.closed)) { try await pair.client.negotiate() }
  }

  @Test("comes when the server reads nothing and the output passes its limit")
  func outputLimit() async throws {
    let sockets = try UnixSocket.pair()
    let client = QMPConnection(
      try sockets.first.duplicate(), executor: QueueExecutor(label: "client"), outputLimit: 1 << 20)
    try sockets.second.write(QMPLine.fromServer(QMPGreeting(version: QMPVersion(7, 2, 22)).json))
    async let greeting = client.negotiate()
    // This far end reads nothing on its own, unlike the stub: once something is there, it must be the request.
    let farEnd = sockets.second.rawValue
    await offQueue {
      var poller = pollfd(fd: farEnd, events: Int16(POLLIN), revents: 0)
      #expect(poll(&poller, 1, 600_000) == 1)
    }
    try sockets.second.write(QMPLine.fromServer(QMPReply(.success([:]), id: 1).json))
    _ = try await greeting
    let big = JSONValue(String(repeating: "x", count: 2 << 20))
    await #expect(throws: QMPError.interrupted(command: "big", .outputLimit(1 << 20))) {
      try await client.execute("big", ["x": big])
    }
  }
}
