internal import Control
internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import Network

// The networks of all labs, as everyone may know them.
extension Supervisor {
  /// How long a switch may take to tell its counters, to come up again, and to be gone where nobody needs it.
  private static let networkPatience = Duration.seconds(1)
  private static let comingPatience = Duration.seconds(2)
  private static let goingPatience = Duration.seconds(10)

  /// `query-networks`: what is on its way has arrived before it is told of.
  func queryNetworks(counters: Bool) async -> JSONValue {
    await settleNetworks()
    let names = labs.values.compactMap(\.record).flatMap { record in
      networks(of: record.lab).names.compactMap { try? VMName($0, lab: record.lab) }
    }
    let all = Set(names).union(networks.values.map(\.name)).sorted()
    var reports: [NetworkReport] = []
    for name in all { reports.append(await networkReport(name, counters: counters)) }
    return .array(reports.map { .object($0.json) })
  }

  /// Returns when no switch is on its way up or down.
  private func settleNetworks() async {
    for network in networks.values {
      await network.helper.settle(within: network.isWanted ? Self.comingPatience : Self.goingPatience)
    }
    // What is left of one is on its way out of the state folder.
    let lanes = networkLanes.values
    networkLanes = [:]
    for lane in lanes { _ = await lane.run(within: Self.networkPatience) {} }
  }

  private func networkReport(_ name: VMName, counters isCounted: Bool) async -> NetworkReport {
    let status = await networks[name.id]?.helper.report
    var report = NetworkReport(
      name: name.full, state: status?.state ?? .stopped, cause: status?.cause ?? "no VM runs on it",
      pid: status?.pid, restarts: status?.restarts ?? 0)
    if report.state.known == .stopped { report.cause = "no VM runs on it" }
    guard let lab = name.lab, case .success(let plan)? = plan(of: name.name, in: lab) else { return report }
    report.subnet = "\(plan.addresses.subnet)"
    report.address = "\(plan.setting.address ?? plan.addresses.subnet.first)"
    let isAsked = isCounted && status?.state == .running
    let counters = isAsked ? await counters(of: name) : nil
    report.ports = plan.cards.map { vm, card in
      NetworkReport.Port(
        vm: vm, mac: "\(card.mac)", address: (plan.addresses.vms[vm] ?? card.address).map { "\($0)" },
        counters: counters?[vm])
    }
    if isAsked, counters == nil {
      report.cause += "; it does not tell its counters"
    }
    return report
  }

  /// What is wrong with the networks that a VM runs on, a sentence each.
  func networkTroubles(of vm: VMReport?) async -> [String] {
    var troubles: [String] = []
    for card in vm?.runningCards ?? [] {
      guard let name = try? VMName(card.network, lab: vm?.name.lab),  // It had a name when it was started.
        let status = await networks[name.id]?.helper.report, status.state != .running
      else { continue }
      troubles.append("the switch of its network '\(card.network)' is not there: \(status.cause)")
    }
    return troubles
  }

  /// What its switch counts, by VM; nil where it does not say in time.
  private func counters(of name: VMName) async -> [String: JSONObject]? {
    let path = HelperDeclaration.switchReport(in: networkFolder(name))
    let lane = lanes["the counters of \(name)"]
    let found = await lane.run(within: Self.networkPatience * 2) { () -> JSONValue? in
      // One that is gone at this moment tells nothing.
      guard let bytes = try? Self.read(path, until: .now + Self.networkPatience) else { return nil }
      return try? JSONValue(parsing: bytes)
    }
    guard let ports = (found ?? nil)?["ports"]?.array else { return nil }
    let named = ports.compactMap { port in
      port["name"]?.string.flatMap { name in port.object.map { (name, $0) } }
    }
    return Dictionary(named) { first, _ in first }
  }

  /// All that is told at a socket; it blocks until then.
  private static func read(_ path: String, until deadline: Instant) throws(SystemError) -> [UInt8] {
    let socket = try UnixSocket.connect(to: path, .forOurselves)
    var bytes: [UInt8] = []
    while true {
      let rest = (deadline - .now).nanoseconds / 1_000_000
      var poller = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
      guard rest > 0, poll(&poller, 1, Int32(clamping: rest + 1)) > 0 else {
        throw SystemError("read", path, code: ETIMEDOUT)
      }
      let more = try socket.read(upTo: 65536)
      if more.isEmpty { return bytes }
      bytes += more
    }
  }
}
