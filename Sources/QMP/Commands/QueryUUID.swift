package import JSON

/// The machine's UUID: the proof that this QEMU is the one that was started.
///
/// QEMU: `query-uuid`, since 0.14.
package struct QueryUUID: QMPCommand {
  package static let name = "query-uuid"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    /// In lower case, with hyphens; all zeros when QEMU was given none.
    package let uuid: String

    package init(json: JSONValue) throws(JSONTypeError) {
      uuid = try JSONObject(json: json).required("UUID")
    }
  }
}
