package import Host
package import JSON

/// Who keeps the VMs: the reply to `query-supervisor`, and `supervisor status --json`.
package struct SupervisorReport: Sendable, Equatable {
  package var pid: Int32
  package var version: String
  package var startedAt: Timestamp?

  /// How many VMs it knows.
  package var vms: Int

  /// Whether a command has started it, so that nobody but the next command starts another.
  package var isBackground: Bool

  /// Where it keeps what; nil of one of an earlier version.
  package var stateDirectory: String?
  package var runtimeDirectory: String?
  package var configurationDirectory: String?

  package init(pid: Int32, version: String, startedAt: Timestamp?, vms: Int, isBackground: Bool) {
    self.pid = pid
    self.version = version
    self.startedAt = startedAt
    self.vms = vms
    self.isBackground = isBackground
  }
}

extension SupervisorReport: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    let pid: Int = try members.required("pid")
    self.init(
      pid: Int32(clamping: pid), version: try members.required("version"),
      startedAt: try members.time("startedAt"), vms: try members.optional("vms") ?? 0,
      isBackground: try members.optional("background") ?? false)
    stateDirectory = try members.optional("stateDirectory")
    runtimeDirectory = try members.optional("runtimeDirectory")
    configurationDirectory = try members.optional("configurationDirectory")
  }

  package var json: JSONValue {
    [
      "pid": JSONValue(pid), "version": .string(version), "startedAt": JSONValue(text: startedAt?.rfc3339),
      "vms": JSONValue(vms), "background": .bool(isBackground),
      "stateDirectory": JSONValue(text: stateDirectory),
      "runtimeDirectory": JSONValue(text: runtimeDirectory),
      "configurationDirectory": JSONValue(text: configurationDirectory),
    ]
  }
}
