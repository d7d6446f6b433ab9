package import JSON

/// How much memory the balloon leaves the guest.
///
/// QEMU: `query-balloon`, since 0.14; an error of class `DeviceNotActive` when there is no balloon.
package struct QueryBalloon: QMPCommand {
  package static let name = "query-balloon"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    /// Plugged DIMMs included.
    package let actualBytes: Int64

    package init(json: JSONValue) throws(JSONTypeError) {
      actualBytes = try JSONObject(json: json).required("actual")
    }
  }
}
