package import JSON

/// A command as a client sends it.
package struct QMPRequest: Sendable, Equatable {
  package var command: String
  package var arguments: JSONObject

  /// Any JSON value; the reply carries it back.
  package var id: JSONValue?

  package init(_ command: String, _ arguments: JSONObject = [:], id: JSONValue? = nil) {
    self.command = command
    self.arguments = arguments
    self.id = id
  }

  package var json: JSONValue {
    var members: JSONObject = ["execute": JSONValue(command)]
    if !arguments.isEmpty { members["arguments"] = .object(arguments) }
    members["id"] = id
    return .object(members)
  }
}

extension QMPRequest {
  /// A message that is no request: why, in QEMU's words, and the id it had.
  package struct Malformed: Error, Sendable, Equatable {
    package let reason: String
    package let id: JSONValue?

    /// The reply that QEMU would give.
    package var reply: QMPReply { QMPReply(.failure(QMPErrorReply("GenericError", reason)), id: id) }
  }

  /// Reads a client's message, refusing what QEMU refuses and in its words.
  package init(json: JSONValue) throws(Malformed) {
    guard let members = json.object else { throw Malformed("QMP input must be a JSON object", id: nil) }
    let id = members["id"]
    var command: String?
    var arguments: JSONObject = [:]
    for (key, value) in members {
      switch (key, value) {
      case ("execute", .string(let name)): command = name
      case ("execute", _): throw Malformed("QMP input member 'execute' must be a string", id: id)
      case ("arguments", .object(let object)): arguments = object
      case ("arguments", _): throw Malformed("QMP input member 'arguments' must be an object", id: id)
      case ("id", _): break
      default: throw Malformed("QMP input member '\(key)' is unexpected", id: id)
      }
    }
    guard let command else { throw Malformed("QMP input lacks member 'execute'", id: id) }
    self.init(command, arguments, id: id)
  }
}

extension QMPRequest.Malformed {
  fileprivate init(_ reason: String, id: JSONValue?) {
    self.init(reason: reason, id: id)
  }

  /// Text that is no JSON at all: no id could be read.
  package init(_ error: JSONSyntaxError) {
    self.init("JSON parse error, \(error)", id: nil)
  }
}
