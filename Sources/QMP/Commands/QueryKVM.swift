package import JSON

/// Whether KVM is there and in use.
///
/// QEMU: `query-kvm`, since 0.14.
package struct QueryKVM: QMPCommand {
  package static let name = "query-kvm"

  package init() {}

  package struct Reply: JSONDecodable, Sendable, Equatable {
    package let isEnabled: Bool

    /// Whether this QEMU was built with KVM.
    package let isPresent: Bool

    package init(json: JSONValue) throws(JSONTypeError) {
      let members = try JSONObject(json: json)
      isEnabled = try members.required("enabled")
      isPresent = try members.required("present")
    }
  }
}
