package import JSON

/// A private network of a lab, as everyone may know it.
package struct NetworkReport: Sendable, Equatable {
  /// A VM's card on a network: whose it is, and what it has there.
  package struct Card: Sendable, Equatable {
    package var network: String
    package var address: String?
    package var mac: String

    package init(network: String, address: String?, mac: String) {
      (self.network, self.address, self.mac) = (network, address, mac)
    }
  }

  /// A port of its switch.
  package struct Port: Sendable, Equatable {
    /// The VM's bare name.
    package var vm: String
    package var mac: String
    package var address: String?

    /// What the switch counts there; nil where it does not say.
    package var counters: JSONObject?

    package init(vm: String, mac: String, address: String?, counters: JSONObject? = nil) {
      (self.vm, self.mac, self.address, self.counters) = (vm, mac, address, counters)
    }
  }

  /// Its name and its lab's.
  package var name: FullName
  package var subnet: String?

  /// The switch's own address.
  package var address: String?
  package var state: Word<VMState>
  package var cause: String
  package var pid: Int32?

  /// How often its switch was started again by itself since its first VM came.
  package var restarts: Int
  package var ports: [Port] = []

  package init(name: FullName, state: VMState, cause: String, pid: Int32?, restarts: Int) {
    self.name = name
    self.state = Word(state)
    self.cause = cause
    self.pid = pid
    self.restarts = restarts
  }
}

// MARK: On the wire

extension NetworkReport: JSONDecodable {
  package var json: JSONObject {
    [
      "name": .string(name.name), "lab": JSONValue(text: name.lab), "subnet": JSONValue(text: subnet),
      "address": JSONValue(text: address), "state": .string(state.text), "cause": .string(cause),
      "pid": pid.map { JSONValue($0) } ?? .null, "restarts": JSONValue(restarts),
      "ports": .array(ports.map { .object($0.json) }),
    ]
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    name = FullName(try members.required("name"), lab: try members.optional("lab"))
    subnet = try members.optional("subnet")
    address = try members.optional("address")
    state = try members.required("state")
    cause = try members.required("cause")
    let pid: Int? = try members.optional("pid")
    self.pid = pid.map { Int32(clamping: $0) }
    restarts = try members.required("restarts")
    ports = try members.required("ports")
  }
}

extension NetworkReport.Port: JSONDecodable {
  /// What the switch counts of a port: frames and bytes in both directions, what waits, and drops by their reasons.
  package static let counterNames = [
    "connected", "framesIn", "bytesIn", "framesOut", "bytesOut", "waiting", "drops",
  ]

  package var json: JSONObject {
    var members: JSONObject = ["vm": .string(vm), "mac": .string(mac), "address": JSONValue(text: address)]
    for name in Self.counterNames { members[name] = counters?[name] ?? .null }
    return members
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      vm: try members.required("vm"), mac: try members.required("mac"),
      address: try members.optional("address"))
    guard members["framesIn"]?.isNull == false else { return }
    counters = JSONObject(Self.counterNames.compactMap { name in members[name].map { (name, $0) } })
  }
}

extension NetworkReport.Card: JSONDecodable {
  package var json: JSONObject {
    ["network": .string(network), "address": JSONValue(text: address), "mac": .string(mac)]
  }

  package init(json: JSONValue) throws(JSONTypeError) {
    let members = try JSONObject(json: json)
    self.init(
      network: try members.required("network"), address: try members.optional("address"),
      mac: try members.required("mac"))
  }
}
