import Host
import JSON
import QMP
import Testing

@Suite("QMP on the wire")
struct WireTests {
  private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

  @Test("reads QEMU's greeting and writes it back")
  func greeting() throws {
    let text = """
      {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, \
      "capabilities": ["oob", {"new": 1}]}}
      """
    let greeting = try QMPGreeting(json: json(text))
    #expect(greeting == QMPGreeting(version: QMPVersion(7, 2, 22, package: "Debian"), capabilities: ["oob"]))
    #expect(try QMPGreeting(json: greeting.json) == greeting)
    #expect(greeting.version.description == "7.2.22")
    #expect(QMPVersion(7, 2, 22) < QMPVersion(10, 0, 0))
  }

  @Test("writes compactly, and ends a server's lines as QEMU does")
  func lines() {
    let request = QMPRequest("cont", id: 7)
    #expect(
      String(decoding: QMPLine.fromClient(request.json), as: UTF8.self) == "{\"execute\":\"cont\",\"id\":7}"
    )
    let reply = QMPReply(.success([:]), id: 7)
    #expect(
      String(decoding: QMPLine.fromServer(reply.json), as: UTF8.self) == "{\"return\":{},\"id\":7}\r\n")
  }

  @Test(
    "reads what it writes",
    arguments: [
      .reply(QMPReply(.success(["a": [1, nil, "x"]]), id: "id")),
      .reply(QMPReply(.success(nil), id: ["any": "value"])),
      .reply(QMPReply(.failure(QMPErrorReply("DeviceNotFound", "no 'x'")), id: 3)),
      .reply(QMPReply(.failure(QMPErrorReply("GenericError", "parse")), id: nil)),
      .event(QMPEvent("STOP", timestamp: Timestamp(microseconds: 1_700_000_000_000_001))),
      .event(QMPEvent("SHUTDOWN", ["guest": true], timestamp: Timestamp(microseconds: -1_000_001))),
      .greeting(QMPGreeting(version: QMPVersion(10, 0, 3))),
    ] as [QMPMessage])
  func roundTrip(message: QMPMessage) throws {
    let written: JSONValue =
      switch message {
      case .greeting(let greeting): greeting.json
      case .reply(let reply): reply.json
      case .event(let event): event.json
      }
    #expect(try QMPMessage(json: written) == message)
  }

  @Test("refuses an event whose time no clock tells")
  func eventTime() throws {
    let event = try json(
      #"{"timestamp": {"seconds": 9223372036854775807, "microseconds": 0}, "event": "X"}"#)
    let error = #expect(throws: JSONTypeError.self) { try QMPEvent(json: event) }
    #expect(error?.path == ["timestamp"])
  }

  @Test("reads requests and echoes any id")
  func requests() throws {
    let request = try QMPRequest(json: json(#"{"execute": "x", "arguments": {"a": 1}, "id": [null, {}]}"#))
    #expect(request == QMPRequest("x", ["a": 1], id: [nil, [:]]))
    #expect(try QMPRequest(json: request.json) == request)
  }

  @Test(
    "refuses a request as QEMU does, in its words and with its id",
    arguments: [
      ("[]", "QMP input must be a JSON object", nil),
      ("{}", "QMP input lacks member 'execute'", nil),
      (#"{"id": 4}"#, "QMP input lacks member 'execute'", 4),
      (#"{"execute": 1, "id": "a"}"#, "QMP input member 'execute' must be a string", "a"),
      (#"{"execute": "x", "arguments": []}"#, "QMP input member 'arguments' must be an object", nil),
      (#"{"execute": "x", "extra": 1}"#, "QMP input member 'extra' is unexpected", nil),
      (#"{"exec-oob": "x"}"#, "QMP input member 'exec-oob' is unexpected", nil),
    ] as [(String, String, JSONValue?)])
  func malformed(text: String, description: String, id: JSONValue?) throws {
    let error = #expect(throws: QMPRequest.Malformed.self) { try QMPRequest(json: json(text)) }
    #expect(error?.reply == QMPReply(.failure(QMPErrorReply("GenericError", description)), id: id))
  }

  @Test("knows QEMU's words for its run states, and keeps one that it does not know")
  func runStates() throws {
    #expect(RunState("guest-panicked") == .guestPanicked)
    #expect(RunState("postmigrate").name == "postmigrate")
    #expect(RunState("future-state") == .other("future-state"))
    #expect(RunState("future-state").name == "future-state")
  }

  @Test(
    "gives a command the deadline of its kind",
    arguments: [
      ("query-anything", QMPDeadline.query), ("system_powerdown", QMPDeadline.query),
      ("quit", QMPDeadline.change), ("device_add", QMPDeadline.change), ("unheard-of", QMPDeadline.change),
      ("snapshot-save", QMPDeadline.job), ("human-monitor-command", QMPDeadline.job),
    ])
  func deadlines(command: String, deadline: Duration) {
    #expect(QMPDeadline.standard(for: command) == deadline)
  }

  @Test("sends only the actions that are named")
  func setAction() {
    #expect(SetAction(shutdown: .poweroff).arguments == ["shutdown": "poweroff"])
    #expect(
      SetAction(reboot: .shutdown, panic: .exitFailure, watchdog: .injectNMI).arguments
        == ["reboot": "shutdown", "panic": "exit-failure", "watchdog": "inject-nmi"])
  }
}
