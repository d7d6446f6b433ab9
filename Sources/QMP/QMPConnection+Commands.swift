internal import JSON

extension QMPConnection {
  /// Runs a command of known type; without a deadline, the standard one of `QMPDeadline`.
  @discardableResult
  package func execute<Command: QMPCommand>(
    _ command: Command, deadline: Duration? = nil
  ) async throws(QMPError) -> Command.Reply {
    let value = try await execute(Command.name, command.arguments, deadline: deadline)
    return try Self.reply(to: command, value).get()
  }

  /// As above, for a caller on the queue; the completion may be called before this returns.
  package func send<Command: QMPCommand>(
    _ command: Command, deadline: Duration? = nil,
    completion: @escaping (Result<Command.Reply, QMPError>) -> Void
  ) {
    send(Command.name, command.arguments, deadline: deadline) { result in
      completion(result.flatMap { Self.reply(to: command, $0) })
    }
  }

  private static func reply<Command: QMPCommand>(
    to command: Command, _ value: JSONValue
  ) -> Result<Command.Reply, QMPError> {
    do throws(JSONTypeError) {
      return .success(try Command.Reply(json: value))
    } catch {
      return .failure(.protocolViolation(command: Command.name, error))
    }
  }
}
