package import Host
package import JSON

/// What everyone may know of a VM: a member of `query-vms`, and of `ls --json`.
///
/// DESIGN.md fixes its keys; an absent value is null, and keys of a newer supervisor are passed over.
package struct VMStatus: Sendable, Equatable {
  package var name: FullName
  package var state: Word<VMState>
  package var desired: Word<DesiredState>

  /// One sentence, for a person; what programs ask is in `VMChange`.
  package var cause: String?
  package var health: Word<Health>
  package var pid: Int32?
  package var profile: String?

  /// `kvm`, `tcg` or `xen`.
  package var accelerator: String?
  package var cpus: Int?
  package var memoryBytes: UInt64?

  /// Automatic ones since the user's last `up` or `start`.
  package var restarts: Int?
  package var startedAt: Timestamp?

  /// How long the vCPUs have run, with pauses.
  package var uptimeSeconds: Double?
  package var qmpSocket: String?
  package var consoleSocket: String?
  package var consoleLog: String?
  package var qemuLog: String?

  package init(
    name: FullName, state: Word<VMState>, desired: Word<DesiredState> = Word(.stopped), cause: String? = nil,
    health: Word<Health> = Word(.none)
  ) {
    self.name = name
    self.state = state
    self.desired = desired
    self.cause = cause
    self.health = health
  }
}

extension VMStatus: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    try self.init(try JSONObject(json: json))
  }

  package init(_ members: JSONObject) throws(JSONTypeError) {
    self.init(
      name: try FullName(members), state: try members.required("state"),
      desired: try members.optional("desired") ?? Word(.stopped), cause: try members.optional("cause"),
      health: try members.optional("health") ?? Word(.none))
    pid = try members.processNumber("pid")
    profile = try members.optional("profile")
    accelerator = try members.optional("accelerator")
    cpus = try members.optional("cpus")
    memoryBytes = try members.optional("memoryBytes")
    restarts = try members.optional("restarts")
    startedAt = try members.time("startedAt")
    uptimeSeconds = try members.optional("uptimeSeconds")
    qmpSocket = try members.optional("qmpSocket")
    consoleSocket = try members.optional("consoleSocket")
    consoleLog = try members.optional("consoleLog")
    qemuLog = try members.optional("qemuLog")
  }

  package var json: JSONObject {
    [
      "name": .string(name.name), "lab": JSONValue(text: name.lab), "state": .string(state.text),
      "desired": .string(desired.text), "cause": JSONValue(text: cause), "health": .string(health.text),
      "pid": pid.map { JSONValue($0) } ?? .null, "profile": JSONValue(text: profile),
      "accelerator": JSONValue(text: accelerator), "cpus": cpus.map { JSONValue($0) } ?? .null,
      "memoryBytes": memoryBytes.map { JSONValue($0) } ?? .null,
      "restarts": restarts.map { JSONValue($0) } ?? .null, "startedAt": JSONValue(text: startedAt?.rfc3339),
      "uptimeSeconds": uptimeSeconds.map { .number($0) } ?? .null, "qmpSocket": JSONValue(text: qmpSocket),
      "consoleSocket": JSONValue(text: consoleSocket), "consoleLog": JSONValue(text: consoleLog),
      "qemuLog": JSONValue(text: qemuLog),
    ]
  }
}

extension JSONObject {
  /// A process's number, where there is one.
  func processNumber(_ key: String) throws(JSONTypeError) -> Int32? {
    let number: Int? = try optional(key)
    return number.map { Int32(clamping: $0) }
  }

  /// A time of RFC 3339, where there is one.
  func time(_ key: String) throws(JSONTypeError) -> Timestamp? {
    guard let text: String = try optional(key) else { return nil }
    guard let time = Timestamp(rfc3339: text) else {
      throw JSONTypeError(path: [key], expected: "a time of RFC 3339", found: .string(text))
    }
    return time
  }
}
