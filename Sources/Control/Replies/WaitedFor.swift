package import JSON

/// Another VM that a VM waits for.
package struct WaitedFor: Sendable, Equatable {
  /// Of the same lab, bare.
  package let name: String

  /// How it must be: `started`, `healthy`, `stopped`.
  package let condition: String

  /// Whether it will not be so by itself.
  package let isStuck: Bool

  package init(_ name: String, condition: String, isStuck: Bool) {
    self.name = name
    self.condition = condition
    self.isStuck = isStuck
  }
}

extension WaitedFor: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      try members.required("name"), condition: try members.required("condition"),
      isStuck: try members.optional("stuck") ?? false)
  }

  package var json: JSONValue {
    ["name": .string(name), "condition": .string(condition), "stuck": .bool(isStuck)]
  }
}

extension [WaitedFor]? {
  /// A list, or null.
  var json: JSONValue { map { .array($0.map(\.json)) } ?? .null }
}
