package import JSON

/// The guest's name as `-name` gave it.
///
/// QEMU: `query-name`, since 0.14.
package struct QueryName: QMPCommand {
  package static let name = "query-name"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    package let name: String?

    package init(json: JSONValue) throws(JSONTypeError) {
      name = try JSONObject(json: json).optional("name")
    }
  }
}
