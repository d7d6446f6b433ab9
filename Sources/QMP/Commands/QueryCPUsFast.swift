package import JSON

/// The vCPUs with the host threads that run them, asked without disturbing them.
///
/// QEMU: `query-cpus-fast`, since 2.12.
package struct QueryCPUsFast: QMPCommand {
  package typealias Reply = [VirtualCPU]

  package static let name = "query-cpus-fast"

  package init() {}

  /// One vCPU.
  package struct VirtualCPU: JSONDecodable, Sendable, Equatable {
    package let index: Int
    package let qomPath: String

    /// The host's thread; one thread may run them all under TCG.
    package let threadID: Int

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      index = try members.required("cpu-index")
      qomPath = try members.required("qom-path")
      threadID = try members.required("thread-id")
    }
  }
}
