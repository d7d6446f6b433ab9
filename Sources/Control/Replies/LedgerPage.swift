package import JSON

/// The reply to `query-events`.
package struct LedgerPage: Sendable {
  /// The VM that the name in the question meant; nil when the question was about all.
  package let name: FullName?

  /// The oldest first.
  package let records: [LedgerRecord]

  /// Whether no older ones were left out.
  package let isComplete: Bool

  package init(name: FullName?, records: [LedgerRecord], isComplete: Bool = true) {
    self.name = name
    self.records = records
    self.isComplete = isComplete
  }
}

extension LedgerPage: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let reply = try JSONObject(json: json)
    self.init(
      name: reply["name"]?.isNull == false ? try FullName(reply) : nil, records: try reply.required("events"),
      isComplete: try reply.optional("complete") ?? true)
  }

  package var json: JSONValue {
    [
      "name": JSONValue(text: name?.name), "lab": JSONValue(text: name?.lab),
      "events": .array(records.map { .object($0.json) }), "complete": .bool(isComplete),
    ]
  }
}
