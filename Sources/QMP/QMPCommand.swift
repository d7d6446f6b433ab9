package import JSON

/// A command whose arguments and reply have types; any other goes through `execute` by its name.
package protocol QMPCommand: Sendable {
  associatedtype Reply: JSONDecodable & Sendable = QMPEmptyReply

  /// The command's name on the wire.
  static var name: String { get }

  var arguments: JSONObject { get }
}

extension QMPCommand {
  package var arguments: JSONObject { [:] }
}

/// The reply of a command that returns nothing but its success.
package struct QMPEmptyReply: JSONDecodable, Sendable, Equatable {
  package init(json: JSONValue) throws(JSONTypeError) {
    // What a later version adds to an empty reply is not for us.
    _ = try JSONObject(json: json)
  }
}
