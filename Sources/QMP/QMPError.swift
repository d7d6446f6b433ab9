package import JSON

/// Why a command has no reply, by the phase in which that showed.
package enum QMPError: Error, Sendable, Equatable {
  /// The connection ended before the server's greeting was there.
  case greeting(QMPDisconnection)

  /// The connection ended between the greeting and the reply to `qmp_capabilities`.
  case negotiation(QMPDisconnection)

  /// The command was not sent: `negotiate` has not succeeded yet.
  case notNegotiated(command: String)

  /// The server executed the command and refused it.
  case execution(QMPErrorReply, command: String)

  /// The connection ended before the reply; whether the command was executed is not known.
  case interrupted(command: String, QMPDisconnection)

  /// No reply within the command's deadline; it may still be executed, and a late reply is dropped.
  case timedOut(command: String, after: Duration)

  /// The reply was longer than what is taken, both in bytes, or had more values in it.
  case replyTooLong(command: String, count: Int, limit: Int)

  /// The reply is not of the type that this command returns.
  case protocolViolation(command: String, JSONTypeError)
}

extension QMPError {
  /// The server's own class and words, when it gave any.
  package var reply: QMPErrorReply? {
    switch self {
    case .execution(let reply, _), .negotiation(.refused(let reply)): reply
    default: nil
    }
  }
}

extension QMPError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .greeting(let how): "no QMP greeting: \(how)"
    case .negotiation(let how): "QMP negotiation failed: \(how)"
    case .notNegotiated(let command): "\(command) was not sent: QMP is not negotiated yet"
    case .execution(let reply, let command): "\(command) failed: \(reply.description) (\(reply.errorClass))"
    case .interrupted(let command, let how): "\(command) has no reply: \(how)"
    case .timedOut(let command, let limit): "\(command) has no reply after \(limit)"
    case .replyTooLong(let command, let count, let limit):
      "\(command) has a reply of \(count) bytes, and no more than \(limit) are taken"
    case .protocolViolation(let command, let error): "\(command) has a reply of another type: \(error)"
    }
  }
}
