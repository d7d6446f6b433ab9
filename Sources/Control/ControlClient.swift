internal import Host
package import JSON
package import QMP

/// A client's end of the control socket.
package struct ControlClient: Sendable {
  /// How long a supervisor may take to greet.
  package static let greetingDeadline = Duration.seconds(10)

  /// Longer than any command takes: its caller has named no deadline.
  private static let endless = Duration.seconds(365 * 86_400)

  /// The supervisor's version, such as `0.1.0`.
  package let serverVersion: String

  private let connection: QMPConnection

  /// Connects and negotiates.
  ///
  /// A `SystemError` says that nobody listens (ENOENT, ECONNREFUSED) or too many wait (EAGAIN), a `ControlError` that
  /// whoever listens is no supervisor or hangs.
  package static func connect(to socketPath: String) async throws -> ControlClient {
    let connection = QMPConnection(
      try UnixSocket.connect(to: socketPath), executor: QueueExecutor(label: "control-client"))
    do throws(QMPError) {
      let greeting = try await connection.negotiate(deadline: greetingDeadline)
      return ControlClient(serverVersion: greeting.version.description, connection: connection)
    } catch {
      throw ControlError(error)
    }
  }

  /// Asks for one command and waits for its reply, without end where no deadline is given.
  ///
  /// Commands of several tasks are in flight together; the server says which of them run at the same time.
  package func perform(
    _ request: ControlRequest, deadline: Duration? = nil
  ) async throws(ControlError) -> JSONValue {
    do throws(QMPError) {
      return try await connection.execute(
        request.commandName, request.arguments, deadline: deadline ?? Self.endless)
    } catch {
      throw ControlError(error)
    }
  }

  /// The events from here on, until the connection ends; ask before sending the command that causes them.
  package func events() async -> AsyncStream<QMPEvent> {
    await connection.events()
  }

  package func close() async {
    await connection.close()
  }
}
