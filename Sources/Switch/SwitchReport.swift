internal import Host
internal import JSON
internal import Network

/// What a switch tells of itself, as `network ls` shows it.
enum SwitchReport {
  static func json(
    _ network: NetworkDefinition, _ counters: [PortCounters], _ ports: [SwitchPort], pid: Int32,
    started: Timestamp
  ) -> JSONValue {
    let reports: [JSONValue] = network.ports.indices.map { index in
      let (port, counters) = (network.ports[index], counters[index])
      return .object([
        "name": .string(port.name), "mac": .string("\(port.mac)"),
        "address": port.address.map { .string("\($0)") } ?? .null,
        "connected": .bool(ports[index].isConnected),
        "framesIn": JSONValue(counters.framesIn), "bytesIn": JSONValue(counters.bytesIn),
        "framesOut": JSONValue(counters.framesOut), "bytesOut": JSONValue(counters.bytesOut),
        "waiting": JSONValue(ports[index].waiting),
        "drops": .object(
          JSONObject(DropReason.allCases.map { ($0.rawValue, JSONValue(counters.drops($0))) })),
      ])
    }
    return .object([
      "name": .string(network.name), "subnet": .string("\(network.subnet)"),
      "address": .string("\(network.address)"), "pid": JSONValue(pid), "startedAt": .string(started.rfc3339),
      "ports": .array(reports),
    ])
  }
}
