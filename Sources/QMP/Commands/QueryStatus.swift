package import JSON

/// Whether the guest's vCPUs run, and why not.
///
/// QEMU: `query-status`, since 0.14.
package struct QueryStatus: QMPCommand {
  package static let name = "query-status"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    package let isRunning: Bool
    package let status: RunState

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      isRunning = try members.required("running")
      status = try members.required("status")
    }
  }
}
