package import Host
package import JSON

/// How a QMP connection ended.
package enum QMPDisconnection: Error, Sendable, Equatable {
  /// The server closed or died: end of file and ECONNRESET, which come at random when QEMU exits.
  case peerGone

  /// This side called `close`.
  case closed

  /// The server refused `qmp_capabilities`.
  case refused(QMPErrorReply)

  /// The server did not greet and negotiate in the time that `negotiate` was given.
  case deadline(Duration)

  /// The server sent what no QMP server sends; what follows such a line cannot be trusted.
  case violation(QMPViolation)

  /// The server read nothing until this many bytes waited for it.
  case outputLimit(Int)

  case failed(SystemError)
}

/// A line that no QMP server sends.
package enum QMPViolation: Error, Equatable {
  /// `line` is the line's beginning.
  case notJSON(JSONSyntaxError, line: String)

  /// JSON, but no greeting, reply or event; `line` is the line's beginning.
  case notAMessage(JSONTypeError, line: String)

  case lineTooLong(limit: Int)

  /// A reply came where the greeting should.
  case noGreeting

  /// A second greeting.
  case repeatedGreeting

  /// A reply to a request that was never made; nil when it returned a value and has no id.
  case unknownID(JSONValue?)
}

extension QMPDisconnection: CustomStringConvertible {
  package var description: String {
    switch self {
    case .peerGone: "the other side closed the connection"
    case .closed: "the connection was closed on this side"
    case .refused(let reply): "\(reply.description) (\(reply.errorClass))"
    case .deadline(let limit): "no answer after \(limit)"
    case .violation(let violation): "the other side broke the protocol: \(violation)"
    case .outputLimit(let bytes): "the other side read nothing while \(bytes) bytes waited for it"
    case .failed(let error): error.description
    }
  }
}

extension QMPViolation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notJSON(let error, let line): "\(error) in '\(line)'"
    case .notAMessage(let error, let line): "\(error) in '\(line)'"
    case .lineTooLong(let limit): "a line of more than \(limit) bytes"
    case .noGreeting: "a message before the greeting"
    case .repeatedGreeting: "a second greeting"
    case .unknownID(.some(let id)): "a reply to \(id), which was not asked"
    case .unknownID(nil): "a reply without id"
    }
  }
}
