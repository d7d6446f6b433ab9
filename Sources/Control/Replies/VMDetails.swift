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

  /// With its profiles filled in: every key that is written anywhere.
  package var settings: JSONObject?

  /// The machine that runs, or that would: a text a key, in the order for a person.
  package var machine: [(key: String, value: String)] = []

  /// What waits for the next start, a sentence each.
  package var pending: [String] = []
  package var warnings: [String] = []

  /// Nil of a supervisor of an earlier version, which names the console alone.
  package var serialPorts: [SerialPort]?

  /// The processes beside QEMU that its devices need, or needed.
  package var helpers: [Helper] = []

  /// What the guest is not ready for yet, in words; nil where it is, or is not looked after.
  package var healthCause: String?

  /// Where in the console's log the guest's present boot begins, in bytes; nil without a process.
  package var consoleStart: Int64?

  /// Nil where no ssh leads into the guest.
  package var ssh: SSH?
  package var cpuSeconds: Double?

  /// Of one CPU, since the last look.
  package var cpuPercent: Double?
  package var residentBytes: Int64?

  /// How a client of ssh gets into the guest; ssh_config(5).
  package struct SSH: Sendable, Equatable {
    package let host: String

    /// Nil as long as none was chosen, before the first start.
    package let port: Int?
    package let user: String

    /// qemuvm's own secret key, which its guests know.
    package let identityFile: String

    /// Has the guest's key by `hostKeyAlias`: from the beginning where it is verified, else from the first time on.
    package let knownHostsFile: String
    package let hostKeyAlias: String

    /// Whether the guest has its key from qemuvm.
    package let isVerified: Bool

    package init(
      host: String, port: Int?, user: String, identityFile: String, knownHostsFile: String,
      hostKeyAlias: String, isVerified: Bool
    ) {
      self.host = host
      self.port = port
      self.user = user
      self.identityFile = identityFile
      self.knownHostsFile = knownHostsFile
      self.hostKeyAlias = hostKeyAlias
      self.isVerified = isVerified
    }
  }

  /// A process beside QEMU.
  package struct Helper: Sendable, Equatable {
    /// Such as `tpm`.
    package let name: String

    /// For a person: `its TPM`.
    package let title: String
    package let state: Word<VMState>
    package let cause: String
    package let pid: Int32?
    package let log: String

    package init(
      name: String, title: String, state: Word<VMState>, cause: String, pid: Int32?, log: String
    ) {
      (self.name, self.title, self.state) = (name, title, state)
      (self.cause, self.pid, self.log) = (cause, pid, log)
    }
  }

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
    settings = try members.optional("settings")
    let machine: JSONObject = try members.optional("machine") ?? [:]
    self.machine = machine.compactMap { member in member.value.string.map { (key: member.key, value: $0) } }
    pending = try members.optional("pending") ?? []
    warnings = try members.optional("warnings") ?? []
    serialPorts = try members.optional("serialPorts")
    helpers = try members.optional("helpers") ?? []
    healthCause = try members.optional("healthCause")
    consoleStart = try members.optional("consoleStart")
    ssh = try members.optional("ssh")
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
    members["settings"] = settings.map { .object($0) } ?? .null
    members["machine"] = .object(JSONObject(machine.map { ($0.key, .string($0.value)) }))
    members["pending"] = JSONValue(texts: pending)
    members["warnings"] = JSONValue(texts: warnings)
    members["serialPorts"] = .array((serialPorts ?? []).map(\.json))
    members["helpers"] = .array(helpers.map(\.json))
    members["healthCause"] = JSONValue(text: healthCause)
    members["consoleStart"] = consoleStart.map { JSONValue($0) } ?? .null
    members["ssh"] = ssh?.json ?? .null
    members["cpuSeconds"] = cpuSeconds.map { .number($0) } ?? .null
    members["cpuPercent"] = cpuPercent.map { .number($0) } ?? .null
    members["residentBytes"] = residentBytes.map { JSONValue($0) } ?? .null
    return members
  }
}

extension VMDetails.SSH: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      host: try members.required("host"), port: try members.optional("port"),
      user: try members.required("user"), identityFile: try members.required("identityFile"),
      knownHostsFile: try members.required("knownHostsFile"),
      hostKeyAlias: try members.required("hostKeyAlias"),
      isVerified: try members.required("verified"))
  }

  package var json: JSONValue {
    [
      "host": .string(host), "port": port.map { JSONValue($0) } ?? .null, "user": .string(user),
      "identityFile": .string(identityFile), "knownHostsFile": .string(knownHostsFile),
      "hostKeyAlias": .string(hostKeyAlias), "verified": .bool(isVerified),
    ]
  }
}

extension VMDetails.Helper: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    let pid: Int? = try members.optional("pid")
    self.init(
      name: try members.required("name"), title: try members.required("title"),
      state: try members.required("state"), cause: try members.required("cause"),
      pid: pid.map { Int32(clamping: $0) }, log: try members.required("log"))
  }

  package var json: JSONValue {
    [
      "name": .string(name), "title": .string(title), "state": .string(state.text), "cause": .string(cause),
      "pid": pid.map { JSONValue($0) } ?? .null, "log": .string(log),
    ]
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
