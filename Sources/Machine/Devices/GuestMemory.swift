internal import JSON

/// What the guest's memory is made of, where it is not QEMU's own choice: huge pages, NUMA nodes, and what a process
/// beside QEMU has to reach.
///
/// Keys: `hugepages`, `numa`; `shares` has it, too. QEMU: `memory-backend-memfd`, `memory-backend-ram`, `-numa`.
struct GuestMemory: Device {
  /// One piece of it: the whole, or that of a NUMA node.
  struct Part: Sendable, Equatable {
    let size: ByteCount
    let cpus: CPUSet?
    let hostNode: Int?
  }

  let parts: [Part]
  let hasNodes: Bool
  /// Nil for memory of the usual pages.
  let pages: HugePageSetting?
  /// Whether helpers read and write it.
  let isShared: Bool

  var id: DeviceID { DeviceID("memory") }
  var key: String { pages != nil ? "hugepages" : hasNodes ? "numa" : "shares" }
  var label: String { "memory" }

  var properties: JSONObject {
    var properties: JSONObject = [:]
    properties["hugepages"] = pages?.json
    if hasNodes {
      properties["numa"] = .array(
        parts.map { part in
          var node: JSONObject = ["memory": .string("\(part.size)")]
          node["cpus"] = part.cpus.map { .string("\($0)") }
          node["hostNode"] = part.hostNode.map { JSONValue($0) }
          return .object(node)
        })
    }
    return properties
  }

  var shown: [(key: String, value: String)] {
    var shown: [(key: String, value: String)] = []
    if let pages { shown.append(("hugepages", pages.size.map { "\($0)" } ?? "yes")) }
    if hasNodes {
      let words = parts.map { part in
        "\(part.size)" + (part.cpus.map { " with CPUs \($0)" } ?? "")
          + (part.hostNode.map { " on node \($0)" } ?? "")
      }
      shown.append(("numa", words.joined(separator: ", ")))
    }
    return shown
  }

  var hostNeeds: [HostNeed] {
    var needs = Set(parts.compactMap(\.hostNode)).sorted().map { HostNeed.numaNode($0) }
    if let pages { needs.append(.hugePages(memory: Self.sum(parts.map(\.size)), of: pages.size)) }
    return needs
  }

  var machineOptions: [(name: String, value: String)] {
    hasNodes ? [] : [("memory-backend", Self.backend(0))]
  }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    parts.enumerated().map { index, part in
      var object: JSONObject = [
        "qom-type": pages == nil && !isShared ? "memory-backend-ram" : "memory-backend-memfd",
        "id": .string(Self.backend(index)), "size": JSONValue(Int(clamping: part.size.bytes)),
      ]
      if isShared { object["share"] = true }
      if let pages {
        object["hugetlb"] = true
        object["hugetlbsize"] = pages.size.map { JSONValue(Int(clamping: $0.bytes)) }
        // A page that is missing must be missed here, and not by the guest, which would die of it.
        object["prealloc"] = true
      }
      if let node = part.hostNode {
        object["host-nodes"] = [JSONValue(node)]
        object["policy"] = "bind"
      }
      return .object(object)
    }
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    guard hasNodes else { return [] }
    return parts.enumerated().map { index, part in
      let node = OptionText("node").with("nodeid", "\(index)")
      let filled = (part.cpus?.runs ?? []).reduce(node) { $0.with("cpus", $1) }
      return .option("-numa", verbatim: filled.with("memdev", Self.backend(index)).text)
    }
  }

  private static func backend(_ index: Int) -> String { "ram\(index)" }

  fileprivate static func sum(_ sizes: [ByteCount]) -> ByteCount {
    ByteCount(bytes: sizes.reduce(0) { $0 + $1.bytes })
  }
}

/// The key `hugepages` as written: `true`, or the size of a page.
package enum HugePageSetting: Sendable, Equatable {
  case none
  /// Of the host's usual size.
  case usual
  case of(ByteCount)

  /// Nil for the usual one.
  var size: ByteCount? { if case .of(let size) = self { size } else { nil } }
}

extension HugePageSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> HugePageSetting? {
    if let isWanted = node.bool { return isWanted ? .usual : HugePageSetting.none }
    guard node.value.string != nil else {
      return node.wrongType(expected: "true, false or the size of a page such as \"2M\"")
    }
    guard let size = ByteCount.read(node) else { return nil }
    guard size.bytes.nonzeroBitCount == 1, (ByteCount(bytes: 64 << 10) ... .gibibytes(16)).contains(size)
    else {
      return node.wrong("\(size) is not the size of a huge page; most hosts have \"2M\" and \"1G\"")
    }
    return .of(size)
  }

  var json: JSONValue {
    switch self {
    case .none: false
    case .usual: true
    case .of(let size): size.json
    }
  }
}

/// One of the key `numa`: a node of the guest's.
package struct NUMANodeSetting: Sendable, Equatable {
  package var memory: ByteCount
  package var cpus: CPUSet?
  /// The node of the host whose memory it is; nil for any.
  package var hostNode: Int?
}

extension NUMANodeSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> NUMANodeSetting? {
    guard var reader = ObjectReader(node, expected: "an object with memory and cpus") else { return nil }
    let memory: ByteCount? = reader.read("memory") { node in
      guard let size = ByteCount.read(node) else { return nil }
      guard (.mebibytes(1) ... .gibibytes(16_384)).contains(size), size.bytes % (1 << 20) == 0 else {
        return node.wrong("the memory of a node is a whole number of MiB, at most 16T, not \(size)")
      }
      return size
    }
    if !reader.has("memory") { reader.missing("memory", "the node's memory") }
    let cpus: CPUSet? = reader.read("cpus")
    let hostNode = reader.read("hostNode") { $0.integer(in: 0...1_023, "number of a node of the host's") }
    reader.finish()
    return memory.map { NUMANodeSetting(memory: $0, cpus: cpus, hostNode: hostNode) }
  }

  var json: JSONValue {
    var object: JSONObject = ["memory": memory.json]
    object["cpus"] = cpus?.json
    object["hostNode"] = hostNode?.json
    return .object(object)
  }
}

extension DeviceKind {
  /// What QEMU has room for.
  private static let mostNodes = 128

  static let memory = DeviceKind(keys: [
    SettingKey("hugepages", \.hugepages), SettingKey("numa", \.numa),
  ]) { resolver in
    let pages = resolver.settings.hugepages.flatMap { $0 == .none ? nil : $0 }
    let nodes = resolver.settings.numa ?? []
    let isShared = resolver.settings.shares?.isEmpty == false
    guard pages != nil || !nodes.isEmpty || isShared else { return [] }
    let memory = resolver.memorySize
    if !nodes.isEmpty { check(nodes, memory, &resolver) }
    let parts =
      nodes.isEmpty
      ? [GuestMemory.Part(size: memory, cpus: nil, hostNode: nil)]
      : nodes.map { GuestMemory.Part(size: $0.memory, cpus: $0.cpus, hostNode: $0.hostNode) }
    if let size = pages?.size, let part = parts.first(where: { $0.size.bytes % size.bytes != 0 }) {
      resolver.report("hugepages", "\(part.size) of memory is not a whole number of pages of \(size)")
    }
    return [GuestMemory(parts: parts, hasNodes: !nodes.isEmpty, pages: pages, isShared: isShared)]
  }

  private static func check(
    _ nodes: [NUMANodeSetting], _ memory: ByteCount, _ resolver: inout MachineResolver
  ) {
    let type = resolver.type
    if !type.family.isPC {
      resolver.report(
        "numa", "NUMA nodes work with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    }
    if nodes.count > mostNodes {
      resolver.report("numa", "a guest has at most \(mostNodes) nodes, not \(nodes.count)")
    }
    let sum = GuestMemory.sum(nodes.map(\.memory))
    if sum != memory {
      resolver.report("numa", "the nodes have \(sum) of memory together, and the guest \(memory)")
    }
    var owners: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for cpu in node.cpus?.numbers ?? [] {
        if cpu >= resolver.cpuCount {
          let last = resolver.cpuCount - 1
          return resolver.report(
            "numa[\(index)].cpus", "the guest has no CPU \(cpu); its last is \(last)")
        }
        if let other = owners.updateValue(index, forKey: cpu) {
          return resolver.report("numa[\(index)].cpus", "CPU \(cpu) is one of numa[\(other)] already")
        }
      }
    }
    if let missing = (0..<resolver.cpuCount).first(where: { owners[$0] == nil }) {
      resolver.report("numa", "CPU \(missing) is in none of the nodes")
    }
  }
}

extension Settings {
  package var hugepages: HugePageSetting? {
    get { devices["hugepages"] }
    set { devices["hugepages"] = newValue }
  }

  package var numa: [NUMANodeSetting]? {
    get { devices["numa"] }
    set { devices["numa"] = newValue }
  }
}
