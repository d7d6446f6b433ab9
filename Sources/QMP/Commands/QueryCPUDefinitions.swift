package import JSON

/// The CPU models that this QEMU knows.
///
/// QEMU: `query-cpu-definitions`, since 1.2.
package struct QueryCPUDefinitions: QMPCommand {
  package typealias Reply = [Model]

  package static let name = "query-cpu-definitions"

  package init() {}

  /// One model.
  package struct Model: JSONDecodable, Sendable, Equatable {
    package let name: String

    package init(json: JSONValue) throws(JSONTypeError) {
      name = try JSONObject(json: json).required("name")
    }
  }
}
