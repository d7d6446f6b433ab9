package import JSON

/// What a QMP server says when a command failed: a class for programs and a sentence for people.
package struct QMPErrorReply: Error, Sendable, Equatable {
  /// `GenericError` unless a client has reason to act on the difference: `CommandNotFound`, `DeviceNotFound`, ….
  package var errorClass: String

  /// The server's own words.
  package var description: String

  /// The facts that the words were made of, where the server tells them; QEMU does not.
  package var facts: JSONObject?

  package init(_ errorClass: String, _ description: String, facts: JSONObject? = nil) {
    self.errorClass = errorClass
    self.description = description
    self.facts = facts
  }
}

extension QMPErrorReply: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      try members.required("class"), try members.required("desc"), facts: try members.optional("facts"))
  }

  package var json: JSONValue {
    var members: JSONObject = ["class": JSONValue(errorClass), "desc": JSONValue(description)]
    members["facts"] = facts.map { .object($0) }
    return .object(members)
  }
}
