package import JSON

/// A line from a QMP server, told apart by its keys.
package enum QMPMessage: Sendable, Equatable {
  case greeting(QMPGreeting)
  case reply(QMPReply)
  case event(QMPEvent)
}

extension QMPMessage: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    if let value = members["return"] {
      self = .reply(QMPReply(.success(value), id: members["id"]))
    } else if members["event"] != nil {
      self = .event(try QMPEvent(json: json))
    } else if let error = members["error"] {
      do throws(JSONTypeError) {
        self = .reply(QMPReply(.failure(try QMPErrorReply(json: error)), id: members["id"]))
      } catch {
        throw error.inside("error")
      }
    } else if members["QMP"] != nil {
      self = .greeting(try QMPGreeting(json: json))
    } else {
      throw JSONTypeError(expected: "a greeting, a reply or an event", found: json)
    }
  }
}
