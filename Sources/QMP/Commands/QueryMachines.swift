package import JSON

/// The machine types that this QEMU can be.
///
/// QEMU: `query-machines`, since 1.2.
package struct QueryMachines: QMPCommand {
  package typealias Reply = [MachineType]

  package static let name = "query-machines"

  package init() {}

  /// One machine type.
  package struct MachineType: JSONDecodable, Sendable, Equatable {
    package let name: String

    /// A second name for it, such as `q35` for `pc-q35-7.2`.
    package let alias: String?

    package let isDefault: Bool
    package let maximumCPUs: Int
    package let canHotplugCPUs: Bool

    /// Since 4.1.
    package let isDeprecated: Bool

    /// The CPU model it has unless told otherwise; since 4.2.
    package let defaultCPUType: String?

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      name = try members.required("name")
      alias = try members.optional("alias")
      isDefault = try members.optional("is-default") ?? false
      maximumCPUs = try members.required("cpu-max")
      canHotplugCPUs = try members.required("hotpluggable-cpus")
      isDeprecated = try members.optional("deprecated") ?? false
      defaultCPUType = try members.optional("default-cpu-type")
    }
  }
}
