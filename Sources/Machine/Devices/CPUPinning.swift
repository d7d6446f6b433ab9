package import JSON

/// Which CPUs of the host run which of the guest's.
///
/// Key: `cpuPinning`. QEMU is told nothing of it: the supervisor binds the thread of each vCPU before the guest's first
/// instruction; sched_setaffinity(2).
package struct CPUPinning: Device {
  /// Those of each vCPU, by its index.
  package let sets: [CPUSet]

  package static let id = DeviceID("cpu-pinning")
  package var id: DeviceID { Self.id }
  package var key: String { "cpuPinning" }
  package var label: String { "CPU pinning" }
  package var properties: JSONObject { [Self.member: .array(sets.map { .string("\($0)") })] }

  package var shown: [(key: String, value: String)] {
    [(key, sets.enumerated().map { "\($0.offset) on \($0.element)" }.joined(separator: ", "))]
  }

  package var hostNeeds: [HostNeed] { [.cpus(CPUSet(sets.flatMap(\.numbers)))] }

  private static let member = "sets"

  /// What a guest was started with; nil where it was started without.
  package static func sets(of machine: MachineDescription) -> [CPUSet]? {
    let device = machine.devices?.first { $0.id == id }
    return device?.properties[member]?.array?.compactMap { $0.string.flatMap { CPUSet($0) } }
  }
}

/// The key `cpuPinning` as written: one text for all vCPUs together, or a list with those of each.
package enum CPUPinningSetting: Sendable, Equatable {
  case all(CPUSet)
  case each([CPUSet])
}

extension CPUPinningSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> CPUPinningSetting? {
    if node.value.string != nil { return CPUSet.read(node).map { .all($0) } }
    guard let elements = node.elements else {
      return node.wrongType(expected: "CPUs of the host such as \"2-5\", or a list with those of each vCPU")
    }
    let sets = elements.compactMap(CPUSet.read)
    return sets.count == elements.count ? .each(sets) : nil
  }

  var json: JSONValue {
    switch self {
    case .all(let set): .string("\(set)")
    case .each(let sets): .array(sets.map(\.json))
    }
  }
}

extension DeviceKind {
  static let cpuPinning = DeviceKind(keys: [SettingKey("cpuPinning", \.cpuPinning)]) { resolver in
    let cpus = resolver.cpuCount
    switch resolver.settings.cpuPinning {
    case nil: return []
    case .all(let set): return [CPUPinning(sets: Array(repeating: set, count: cpus))]
    case .each(let sets):
      if sets.count != cpus {
        resolver.report(
          "cpuPinning",
          "the list has \(sets.count) entries, and the guest \(cpus) CPUs; write one for each, or one text for all"
        )
      }
      return [CPUPinning(sets: sets)]
    }
  }
}

extension Settings {
  package var cpuPinning: CPUPinningSetting? {
    get { devices["cpuPinning"] }
    set { devices["cpuPinning"] = newValue }
  }
}
