import Host
import JSON

/// A QMP client in its plainest form, lines over a socket, which owes nothing to the clients under test.
actor PlainMonitor {
  /// A reply with an error where a return value was expected.
  struct Refused: Error, CustomStringConvertible {
    let command: String
    let reply: JSONValue

    var description: String { "\(command): \(reply)" }
  }

  let stream: ByteStream
  let greeting: JSONValue

  /// Events that came while a reply was awaited.
  private var events: [JSONValue] = []

  /// Connects and negotiates.
  init(connectingTo path: String) async throws {
    stream = try ByteStream(connectingTo: path)
    guard let line = try await stream.readLine() else { throw SystemError("greeting", path, code: 0) }
    greeting = try JSONValue(parsing: line)
    _ = try await execute("qmp_capabilities")
  }

  /// Sends a command and returns its whole reply.
  func reply(to command: String, _ arguments: JSONObject = [:]) async throws -> JSONValue {
    var request: JSONObject = ["execute": .string(command)]
    if !arguments.isEmpty { request["arguments"] = .object(arguments) }
    try await stream.write(JSONValue.object(request).bytes() + [UInt8(ascii: "\n")])
    while let message = try await next() {
      if message["event"] == nil { return message }
      events.append(message)
    }
    throw SystemError(command, "the peer hung up", code: 0)
  }

  /// Sends a command and returns its `return` value.
  @discardableResult
  func execute(_ command: String, _ arguments: JSONObject = [:]) async throws -> JSONValue {
    let reply = try await reply(to: command, arguments)
    guard let value = reply["return"] else { throw Refused(command: command, reply: reply) }
    return value
  }

  /// The next event that the test asks for; those before it are passed over.
  func event(
    within patience: Duration = ByteStream.patience, where isWanted: (JSONValue) -> Bool
  ) async throws -> JSONValue {
    while let first = events.first {
      events.removeFirst()
      if isWanted(first) { return first }
    }
    while let message = try await next(within: patience) {
      if message["event"] != nil, isWanted(message) { return message }
    }
    throw SystemError("event", "the peer hung up", code: 0)
  }

  /// The next message, or nil when the peer has gone.
  func next(within patience: Duration = ByteStream.patience) async throws -> JSONValue? {
    try await stream.readLine(within: patience).map { try JSONValue(parsing: $0) }
  }

  func close() async {
    await stream.close()
  }
}
