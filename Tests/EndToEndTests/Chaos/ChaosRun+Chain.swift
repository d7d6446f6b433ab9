import Host
import JSON

// A lab whose VMs depend on each other, brought up and down while supervisors die: all of it comes true, in order.
extension ChaosRun {
  /// Each depends on the one before it.
  static let chain = ["c1", "c2", "c3"]
  private static let chainLab = "chain"
  private var chainFolder: String { fleet.root + "/\(Self.chainLab)" }

  func writeChain() throws {
    let vms = Self.chain.enumerated().map { index, name in
      let dependency = index == 0 ? "" : ", dependsOn: { \(Self.chain[index - 1]): 'healthy' }"
      return "\(name): { profile: 'hello', accelerator: 'tcg', health: { console: 'READY' }\(dependency) }"
    }
    try fleet.write(
      "{ lab: '\(Self.chainLab)', vms: { \(vms.reversed().joined(separator: ", ")) } }",
      to: chainFolder + "/qemuvm.json5")
  }

  /// Up and down again, each cut off by the supervisor's death or not.
  func chain(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let before = try await lastNumber()
    for verb in ["up", "down"] {
      if dice.below(3) > 0 {
        let program = try fleet.start([verb], in: chainFolder)
        await letPass(dice.milliseconds(upTo: 500))
        try await killSupervisor()
        try await outcome(of: program, expecting: Self.anyCode)
        try await run(["ls"], expecting: [0])
      }
      try await outcome(of: try fleet.start([verb], in: chainFolder), expecting: [0])
    }
    let monitor = try await fleet.monitor()
    let left = try await monitor.execute("query-vms").array ?? []
    await monitor.close()
    guard !left.contains(where: { $0["lab"]?.string == Self.chainLab }) else {
      throw Violation(law: "what 'down' has confirmed for a lab is gone", seen: "\(left)")
    }
    try checkChain(try await records(after: before))
  }

  private func lastNumber() async throws -> Int {
    try await run(["ls"], expecting: [0])
    let monitor = try await fleet.monitor()
    let page = try await monitor.execute("query-events", [:])
    await monitor.close()
    return page["events"]?.array?.last?["seq"]?.int ?? 0
  }

  private func records(after last: Int) async throws -> [JSONValue] {
    let monitor = try await fleet.monitor()
    let page = try await monitor.execute("query-events", ["since": JSONValue(last)])
    await monitor.close()
    return (page["events"]?.array ?? []).filter { $0["lab"]?.string == Self.chainLab }
  }

  /// None runs before the one it depends on is healthy, and none is asked to end before the one that depends on it has.
  private func checkChain(_ records: [JSONValue]) throws {
    var (healthy, live) = (Set<String>(), Set<String>())
    for record in records {
      guard let name = record["name"]?.string, let place = Self.chain.firstIndex(of: name) else { continue }
      switch record["event"]?.string {
      case "spawned":
        live.insert(name)
        if place > 0, !healthy.contains(Self.chain[place - 1]) {
          throw Violation(law: "no VM runs before what it depends on", seen: "\(record)\n\(records)")
        }
      case "adopted": live.insert(name)
      case "exited", "removed": live.remove(name)
      case "state":
        if record["health"] == "healthy" { healthy.insert(name) } else { healthy.remove(name) }
        if record["state"] == "stopped" { live.remove(name) }
        if record["state"] == "stopping", place + 1 < Self.chain.count, live.contains(Self.chain[place + 1]) {
          throw Violation(
            law: "no VM is asked to end before what depends on it has", seen: "\(record)\n\(records)")
        }
      default: break
      }
    }
  }
}
