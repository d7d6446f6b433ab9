package import JSON

/// All that is told of one VM: the reply to `query-vm`, and `status VM --json`.
package struct VMDetails: Sendable {
  package var status: VMStatus
  package var uuid: String?

  /// What relative paths of the definition stand on.
  package var directory: String?

  /// The lab file that it came from.
  package var file: String?
  package var profileFiles: [String] = []

  /// As its user wrote it.
  package var definition: JSONObject?

  /// The machine that runs, or that would: a text a key, in the order for a person.
  package var machine: [(key: String, value: String)] = []

  /// What waits for the next start, a sentence each.
  package var pending: [String] = []
  package var warnings: [String] = []

  /// Nil of a supervisor of an earlier version, which names the console alone.
  package var serialPorts: [SerialPort]?
  package var cpuSeconds: Double?

  /// Of one CPU, since the last look.
  package var cpuPercent: Double?
  package var residentBytes: Int64?

  /// A serial port of the machine.
  package struct SerialPort: Sendable, Equatable {
    /// Counted from 1, which is the console.
    package let port: Int

    /// Nil while nobody can connect.
    package let socket: String?
    package let log: String?

    package init(port: Int, socket: String?, log: String?) {
      self.port = port
      self.socket = socket
      self.log = log
    }
  }

  package init(status: VMStatus) {
    self.status = status
  }

  package var name: FullName { status.name }
}

extension VMDetails: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(status: try VMStatus(members))
    uuid = try members.optional("uuid")
    directory = try members.optional("directory")
    file = try members.optional("file")
    profileFiles = try members.optional("profileFiles") ?? []
    definition = try members.optional("definition")
    let machine: JSONObject = try members.optional("machine") ?? [:]
    self.machine = machine.compactMap { member in member.value.string.map { (key: member.key, value: $0) } }
    pending = try members.optional("pending") ?? []
    warnings = try members.optional("warnings") ?? []
    serialPorts = try members.optional("serialPorts")
    cpuSeconds = try members.optional("cpuSeconds")
    cpuPercent = try members.optional("cpuPercent")
    residentBytes = try members.optional("residentBytes")
  }

  package var json: JSONObject {
    var members = status.json
    members["uuid"] = JSONValue(text: uuid)
    members["directory"] = JSONValue(text: directory)
    members["file"] = JSONValue(text: file)
    members["profileFiles"] = JSONValue(texts: profileFiles)
    members["definition"] = definition.map { .object($0) } ?? .null
    members["machine"] = .object(JSONObject(machine.map { ($0.key, .string($0.value)) }))
    members["pending"] = JSONValue(texts: pending)
    members["warnings"] = JSONValue(texts: warnings)
    members["serialPorts"] = .array((serialPorts ?? []).map(\.json))
    members["cpuSeconds"] = cpuSeconds.map { .number($0) } ?? .null
    members["cpuPercent"] = cpuPercent.map { .number($0) } ?? .null
    members["residentBytes"] = residentBytes.map { JSONValue($0) } ?? .null
    return members
  }
}

extension VMDetails.SerialPort: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      port: try members.required("port"), socket: try members.optional("socket"),
      log: try members.optional("log"))
  }

  package var json: JSONValue {
    ["port": JSONValue(port), "socket": JSONValue(text: socket), "log": JSONValue(text: log)]
  }
}
