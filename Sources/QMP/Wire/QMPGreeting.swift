package import JSON

/// The line a QMP server sends first: its version and what it could do beyond the base protocol.
package struct QMPGreeting: Sendable, Hashable {
  package var version: QMPVersion

  /// What a client may enable with `qmp_capabilities`, such as `oob`.
  package var capabilities: [String]

  /// The state folder of the qemuvm supervisor that greets; QEMU has none.
  package var stateDirectory: String?

  package init(version: QMPVersion, capabilities: [String] = [], stateDirectory: String? = nil) {
    self.version = version
    self.capabilities = capabilities
    self.stateDirectory = stateDirectory
  }
}

extension QMPGreeting: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let greeting: JSONObject = try JSONObject(json: json).required("QMP")
    do throws(JSONTypeError) {
      let capabilities: [JSONValue] = try greeting.optional("capabilities") ?? []
      // A capability of a form that is not known cannot be enabled and does no harm.
      self.init(
        version: try greeting.required("version"), capabilities: capabilities.compactMap(\.string),
        stateDirectory: try greeting.optional("stateDirectory"))
    } catch {
      throw error.inside("QMP")
    }
  }

  package var json: JSONValue {
    var members: JSONObject = [
      "version": version.json, "capabilities": .array(capabilities.map { JSONValue($0) }),
    ]
    members["stateDirectory"] = stateDirectory.map { .string($0) }
    return ["QMP": .object(members)]
  }
}
