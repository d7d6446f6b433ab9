internal import Control
internal import JSON
internal import Machine

/// The supervisor's answer to `query-events`.
struct LedgerPage: Sendable {
  /// The VM that the name in the question meant; nil when the question was about all.
  let name: FullName?

  /// The oldest first.
  let records: [LedgerRecord]

  /// Whether no older ones were left out.
  let isComplete: Bool

  init(name: FullName?, records: [LedgerRecord], isComplete: Bool = true) {
    self.name = name
    self.records = records
    self.isComplete = isComplete
  }
}

extension LedgerPage: JSONDecodable {
  init(json: JSONValue) throws(JSONTypeError) {
    let reply = try JSONObject(json: json)
    let name = reply["name"]?.isNull == false ? try FullName(reply) : nil
    self.init(
      name: name, records: try reply.required("events"), isComplete: try reply.optional("complete") ?? true)
  }
}
