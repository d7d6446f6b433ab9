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

extension QMPMessage {
  /// How many values a message may hold: QEMU's largest, `query-qmp-schema`, has 30,000.
  package static let valueLimit = 1 << 18

  /// Reads a line of a server's.
  package static func read(_ line: UnsafeRawBufferPointer) -> Result<QMPMessage, QMPViolation> {
    let json: JSONValue
    do throws(JSONSyntaxError) {
      json = try JSONValue(parsing: line, valueLimit: valueLimit)
    } catch {
      return .failure(.notJSON(error, line: beginning(of: line)))
    }
    do throws(JSONTypeError) {
      return .success(try QMPMessage(json: json))
    } catch {
      return .failure(.notAMessage(error, line: beginning(of: line)))
    }
  }

  private static func beginning(of line: UnsafeRawBufferPointer) -> String {
    String(decoding: line.prefix(80), as: UTF8.self)
  }
}
