package import JSON

/// The line a QMP server sends first: its version and what it could do beyond the base protocol.
package struct QMPGreeting: Sendable, Hashable {
  package var version: QMPVersion

  /// What a client may enable with `qmp_capabilities`, such as `oob`.
  package var capabilities: [String]

  package init(version: QMPVersion, capabilities: [String] = []) {
    self.version = version
    self.capabilities = capabilities
  }
}

extension QMPGreeting: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let greeting: JSONObject = try JSONObject(json: json).required("QMP")
    do throws(JSONTypeError) {
      let capabilities: [JSONValue] = try greeting.optional("capabilities") ?? []
      // A capability of a form that is not known cannot be enabled and does no harm.
      self.init(version: try greeting.required("version"), capabilities: capabilities.compactMap(\.string))
    } catch {
      throw error.inside("QMP")
    }
  }

  package var json: JSONValue {
    ["QMP": ["version": version.json, "capabilities": .array(capabilities.map { JSONValue($0) })]]
  }
}
