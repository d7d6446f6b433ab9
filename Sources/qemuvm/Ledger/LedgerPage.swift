internal import JSON
internal import Machine
internal import Supervisor

/// The supervisor's answer to `query-events`.
struct LedgerPage: Sendable {
  /// The VM that the name in the question meant; nil when the question was about all.
  let name: VMName?

  /// The oldest first.
  let records: [LedgerRecord]

  /// Whether no older ones were left out.
  let isComplete: Bool

  init(name: VMName?, records: [LedgerRecord], isComplete: Bool = true) {
    self.name = name
    self.records = records
    self.isComplete = isComplete
  }
}

extension LedgerPage: JSONDecodable {
  init(json: JSONValue) throws(JSONTypeError) {
    let reply = try JSONObject(json: json)
    var name: VMName?
    if let text: String = try reply.optional("name") {
      // The supervisor gives no name that is none.
      name = try? VMName(text, lab: reply["lab"]?.string)
    }
    self.init(
      name: name, records: try reply.required("events"), isComplete: try reply.optional("complete") ?? true)
  }
}
