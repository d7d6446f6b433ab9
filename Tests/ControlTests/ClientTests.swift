import Control
import Dispatch
import Glibc
import Host
import JSON
import QMP
import Testing

@Suite("The control client")
struct ClientTests {
  @Test("says that nobody listens")
  func nobody() {
    let error = #expect(throws: SystemError.self) {
      try ControlClient.connect(to: "/tmp/no/such.sock")
    }
    #expect(error?.code == ENOENT)
  }

  @Test("gives up a command at its deadline, and drops the late reply")
  func deadline() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let error = await #expect(throws: ControlError.self) {
      try await client.perform(.queryVMs, deadline: .milliseconds(10))
    }
    #expect(error?.kind == .timedOut)
    let number = try await client.send(.querySupervisor)
    await fixture.work.answer(.queryVMs, .success([]))
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .queryVMs)
    #expect(await started.next() == .querySupervisor)
    await fixture.work.answer(.querySupervisor, .success(["pid": 1]))
    let reply = try await client.next()?.returned
    #expect(reply?.number == number)
    #expect(reply?.value == ["pid": 1])
    await fixture.end()
  }

  private static let greeting = Array(
    """
    {"QMP": {"version": {"qemu": {"major": 0, "minor": 1, "micro": 0}, "package": "qemuvm"}, \
    "capabilities": []}}

    """.utf8)

  @Test("gives up a command of which the supervisor takes nothing", .timeLimit(.minutes(10)))
  func unread() throws {
    let path = "/tmp/qemuvm-unread-\(getpid()).sock"
    defer { unlink(path) }
    let isOver = DispatchSemaphore(value: 0)
    defer { isOver.signal() }
    try Self.greet(at: path) { _ in isOver.wait() }
    let client = try ControlClient.connect(to: path, sendPatience: .milliseconds(10))
    let definition = JSONValue.string(String(repeating: "x", count: 4 << 20))
    let command: JSONObject = ["execute": "x", "arguments": ["text": definition]]
    do throws(ControlError) {
      _ = try client.send(.execute(name: "web", command: command, timeout: nil))
      Issue.record("it was sent")
    } catch {
      #expect(error.kind == .silent)
    }
  }

  @Test("waits for no reply where its command cannot be sent any more", .timeLimit(.minutes(10)))
  func unsendable() throws {
    let path = "/tmp/qemuvm-unsendable-\(getpid()).sock"
    defer { unlink(path) }
    let (isShut, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    defer { isOver.signal() }
    try Self.greet(at: path) { socket in
      // It lives and its end stays open: only what is sent to it fails.
      shutdown(socket, Int32(SHUT_RD))
      isShut.signal()
      isOver.wait()
    }
    let client = try ControlClient.connect(to: path)
    isShut.wait()
    let error = #expect(throws: ControlError.self) { try client.perform(.queryVMs) }
    #expect(error?.kind == .closing)
  }

  /// A supervisor that greets its only client and then does this, on a thread of its own: those of tasks may all be taken
  /// by tests that wait.
  private static func greet(at path: String, then: @escaping @Sendable (Int32) -> Void) throws {
    let listener = PassedDescriptor(try UnixSocket.listen(at: path))
    DispatchQueue(label: "a supervisor").async {
      do {
        guard let listener = listener.take() else { return }
        var poller = pollfd(fd: listener.rawValue, events: Int16(POLLIN), revents: 0)
        poll(&poller, 1, -1)
        guard let socket = try UnixSocket.accept(from: listener.rawValue) else { return }
        try socket.write(greeting)
        then(socket.rawValue)
        withExtendedLifetime(socket) {}
      } catch {
        Issue.record(error)
      }
    }
  }

  @Test("tells nothing when the time is over and nothing came")
  func silence() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    _ = try await client.send(.queryVMs)
    #expect(try await client.next(until: .now + .milliseconds(10)) == nil)
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .queryVMs)
    await fixture.work.answer(.queryVMs, .success([]))
    await fixture.end()
  }

  @Test("keeps the events that come before a reply that is waited for")
  func eventsMeanwhile() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let asked = Task { try await client.perform(.queryVMs) }
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .queryVMs)
    for number in 1...2 { fixture.server.broadcast(QMPEvent("VM_MESSAGE", ["n": JSONValue(number)])) }
    await fixture.work.answer(.queryVMs, .success(["ok"]))
    #expect(try await asked.value == ["ok"])
    for number in 1...2 { #expect(try await client.next()?.event?.data["n"]?.int == number) }
    await fixture.end()
  }

  @Test("has the replies of several commands told apart")
  func several() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let first = try await client.send(.start(name: "a"))
    let second = try await client.send(.start(name: "b"))
    var started = fixture.work.started.makeAsyncIterator()
    for _ in 1...2 { _ = await started.next() }
    await fixture.work.answer(.start(name: "b"), .success("b"))
    await fixture.work.answer(.start(name: "a"), .success("a"))
    var replies: [Int: JSONValue] = [:]
    for _ in 1...2 {
      let reply = try #require(try await client.next()?.returned)
      replies[reply.number] = reply.value
    }
    #expect(replies == [first: "a", second: "b"])
    await fixture.end()
  }

  @Test("is answered all that it sends before it reads, however much that is")
  func manyBeforeReading() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    var numbers: [Int] = []
    for _ in 1...6000 { numbers.append(try await client.send(.queryCommands)) }
    var replies: [Int] = []
    while replies.count < numbers.count, let reply = try await client.next()?.returned {
      replies.append(reply.number)
    }
    #expect(replies == numbers)
    await fixture.end()
  }

  @Test("says what a supervisor that leaves has not begun")
  func leaving() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    #expect(try await fixture.answer(.queryVMs, of: client) == [])
    await fixture.server.close()
    let late = await #expect(throws: ControlError.self) { try await client.perform(.kill(name: "a")) }
    #expect(late?.kind == .closing)
    await fixture.end()
  }

  @Test("says that a supervisor has gone before its greeting")
  func goneBeforeTheGreeting() async throws {
    let path = "/tmp/qemuvm-client-\(getpid())-gone.sock"
    let server = SocketListener(
      try UnixSocket.listen(at: path), queue: DispatchQueue(label: "no server")
    ) { _ = $0 }
    defer { unlink(path) }
    let error = await #expect(throws: ControlError.self) { try await TaskClient.connect(to: path) }
    #expect(error?.kind == .closing)
    withExtendedLifetime(server) {}
  }

  @Test("says that the supervisor went")
  func serverGone() async throws {
    let fixture = try await Fixture()
    let client = try await fixture.client()
    let asked = Task { try await client.perform(.queryVMs) }
    var started = fixture.work.started.makeAsyncIterator()
    #expect(await started.next() == .queryVMs)
    await fixture.end()
    let error = await #expect(throws: ControlError.self) { try await asked.value }
    #expect(error?.kind == .disconnected)
    let late = await #expect(throws: ControlError.self) { try await client.perform(.queryVMs) }
    #expect(late?.kind == .disconnected)
    await fixture.work.answer(.queryVMs, .success([]))
  }

  @Test(
    "says of a server that breaks the protocol what is wrong with it",
    arguments: [
      ("garbage\n", "the other side broke the protocol"),
      ("{\"return\": {}}\n", "a message before the greeting"),
    ])
  func noServer(line: String, words: String) async throws {
    let path = "/tmp/qemuvm-client-\(getpid())-\(line.utf8.count).sock"
    let server = SocketListener(
      try UnixSocket.listen(at: path), queue: DispatchQueue(label: "no server")
    ) { connection in
      do {
        try connection.write(Array(line.utf8))
      } catch {
        Issue.record("\(error)")
      }
    }
    defer { unlink(path) }
    let error = await #expect(throws: ControlError.self) { try await TaskClient.connect(to: path) }
    #expect(error?.kind == .disconnected)
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    withExtendedLifetime(server) {}
  }
}

extension Fixture {
  /// Performs a question of the client's and answers it with an empty list.
  fileprivate func answer(_ request: ControlRequest, of client: TaskClient) async throws -> JSONValue {
    let asked = Task { try await client.perform(request) }
    var started = work.started.makeAsyncIterator()
    #expect(await started.next() == request)
    await work.answer(request, .success([]))
    return try await asked.value
  }
}
