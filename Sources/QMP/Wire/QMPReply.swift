package import JSON

/// The answer to one request: what it returned, or why it failed.
package struct QMPReply: Sendable, Equatable {
  package var result: Result<JSONValue, QMPErrorReply>

  /// The request's own id; nil when it had none, or when the server could not read it.
  package var id: JSONValue?

  package init(_ result: Result<JSONValue, QMPErrorReply>, id: JSONValue?) {
    self.result = result
    self.id = id
  }

  package var json: JSONValue {
    var members: JSONObject =
      switch result {
      case .success(let value): ["return": value]
      case .failure(let error): ["error": error.json]
      }
    members["id"] = id
    return .object(members)
  }
}
