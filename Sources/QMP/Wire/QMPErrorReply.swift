package import JSON

/// What a QMP server says when a command failed: a class for programs and a sentence for people.
package struct QMPErrorReply: Error, Sendable, Hashable {
  /// `GenericError` unless a client has reason to act on the difference: `CommandNotFound`, `DeviceNotFound`, ….
  package var errorClass: String

  /// The server's own words.
  package var description: String

  package init(_ errorClass: String, _ description: String) {
    self.errorClass = errorClass
    self.description = description
  }
}

extension QMPErrorReply: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(try members.required("class"), try members.required("desc"))
  }

  package var json: JSONValue {
    ["class": JSONValue(errorClass), "desc": JSONValue(description)]
  }
}
