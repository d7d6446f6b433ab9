package import Host
package import JSON

/// Something that happened in the server, told to every client.
package struct QMPEvent: Sendable, Equatable {
  /// In capitals, such as `SHUTDOWN`.
  package var name: String
  package var data: JSONObject

  /// The server's wall clock.
  package var timestamp: Timestamp

  /// How many events it stands for, itself the last: those of a storm are told together.
  package var count = 1

  /// The length of the event's line if that was too long for its data to be taken, in bytes.
  package var cutLength: Int?

  package init(_ name: String, _ data: JSONObject = [:], timestamp: Timestamp = .now) {
    self.name = name
    self.data = data
    self.timestamp = timestamp
  }
}

extension QMPEvent: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    let time: JSONObject = try members.required("timestamp")
    do throws(JSONTypeError) {
      let seconds: Int64 = try time.required("seconds")
      let microseconds: Int64 = try time.required("microseconds")
      let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      let (sum, carry) = whole.addingReportingOverflow(microseconds)
      guard !overflow, !carry else {
        throw JSONTypeError(expected: "a time", found: .object(time))
      }
      timestamp = Timestamp(microseconds: sum)
    } catch {
      throw error.inside("timestamp")
    }
    name = try members.required("event")
    data = try members.optional("data") ?? [:]
  }

  package var json: JSONValue {
    var members: JSONObject = [
      "timestamp": [
        "seconds": JSONValue(timestamp.microseconds / 1_000_000),
        "microseconds": JSONValue(timestamp.microseconds % 1_000_000),
      ],
      "event": JSONValue(name),
    ]
    if !data.isEmpty { members["data"] = .object(data) }
    return .object(members)
  }
}
