package import Host
package import JSON

/// One line of the ledger: what happened, to which VM, when, and its number.
///
/// Numbers grow strictly for the life of the state folder; the time is the wall clock's and may step.
package struct LedgerRecord: Sendable, Equatable {
  package let seq: Int
  package let time: Timestamp

  /// The VM; nil for the supervisor's own records.
  package let name: FullName?
  package let event: LedgerEvent

  /// Records before this one that could not be written, as on a full disk.
  package let lost: Int

  package init(seq: Int, time: Timestamp, name: FullName?, event: LedgerEvent, lost: Int = 0) {
    self.seq = seq
    self.time = time
    self.name = name
    self.event = event
    self.lost = lost
  }

  /// No number is higher: JSON programs that know doubles only read all of them exactly.
  package static let highestNumber = 1 << 53
}

extension LedgerRecord: JSONDecodable {
  package var json: JSONObject {
    var members: JSONObject = [
      "seq": JSONValue(seq), "time": .string(time.rfc3339),
      "name": name.map { .string($0.name) } ?? .null, "lab": name?.lab.map { .string($0) } ?? .null,
      "event": .string(event.kind),
    ]
    for (key, value) in event.facts { members[key] = value }
    if lost > 0 { members["lost"] = JSONValue(lost) }
    return members
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    var rest = try JSONObject(json: json)
    let seq: Int = try rest.required("seq")
    guard (0...Self.highestNumber).contains(seq) else {
      throw JSONTypeError(path: ["seq"], expected: "a record's number", found: JSONValue(seq))
    }
    let text: String = try rest.required("time")
    guard let time = Timestamp(rfc3339: text) else {
      throw JSONTypeError(path: ["time"], expected: "a time of RFC 3339", found: .string(text))
    }
    let name = rest["name"]?.isNull == false ? try FullName(rest) : nil
    let kind: String = try rest.required("event")
    let lost: Int = try rest.optional("lost") ?? 0
    for key in ["seq", "time", "name", "lab", "event", "lost"] { rest[key] = nil }
    self.init(seq: seq, time: time, name: name, event: LedgerEvent(kind: kind, facts: rest), lost: lost)
  }
}
