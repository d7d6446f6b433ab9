import Glibc
import Host
import JSON
import Testing

// What must be true after every step: the laws.
extension ChaosRun {
  /// What was seen of the fleet at one moment.
  struct Look {
    /// What the supervisor says of each guest; nil of one that it does not know.
    let reports: [JSONValue?]

    /// The QEMUs that there are, by guest.
    let pids: [[Int]]

    /// Whether a guest was on its way off the list just before.
    let isLeaving: [Bool]

    /// Where a guest rests; nil while it does not, or while supervisor and processes do not agree.
    func rest(_ index: Int) -> Rest? {
      let pids = pids[index]
      guard let report = reports[index] else { return pids.isEmpty ? .gone : nil }
      guard !isLeaving[index], let rest = report["state"]?.string.flatMap(Rest.init(rawValue:)) else {
        return nil
      }
      let isWanted = report["desired"] == "running"
      guard isWanted == (rest != .stopped) else { return nil }
      return rest.isLive
        ? (pids.count == 1 && pids[0] == report["pid"]?.int ? rest : nil)
        : pids.isEmpty ? rest : nil
    }
  }

  /// Waits until every guest rests where it may, and checks the laws; fails when that takes too long.
  func settle() async throws {
    let began = Instant.now
    let limit = began + Self.patience
    while true {
      try await run(["ls"], expecting: [0])
      // Whoever kills supervisors may have killed this one as well: then the next command brings another.
      guard let monitor = try? await fleet.monitor() else { continue }
      guard let rested = try await settle(asking: monitor, until: limit) else {
        guard Instant.now < limit else {
          throw Violation(law: "a supervisor stays", seen: "each one left before the fleet was at rest")
        }
        continue
      }
      figures.longestSettling = max(figures.longestSettling, .now - began)
      for (index, rest) in rested.enumerated() { rests[index] = [rest] }
      try await checkLedger(asking: monitor)
      try await checkHoldings(asking: monitor)
      return await monitor.close()
    }
  }

  /// Where every guest has come to rest; nil when the supervisor goes meanwhile.
  private func settle(asking monitor: PlainMonitor, until limit: Instant) async throws -> [Rest]? {
    while true {
      guard let look = try await look(asking: monitor) else { return nil }
      let found = guests.indices.map(look.rest)
      if zip(found, rests).allSatisfy({ rest, allowed in rest.map(allowed.contains) ?? false }) {
        return found.compactMap { $0 }
      }
      guard Instant.now < limit else {
        let late = guests.indices.filter { index in found[index].map(rests[index].contains) != true }
        let words = late.map { index in
          "\(guests[index].name) must be \(rests[index].sorted()) and is "
            + "\(look.reports[index].map { "\($0)" } ?? "not known"), QEMUs: \(look.pids[index])"
        }
        throw Violation(law: "every confirmed wish comes true", seen: words.joined(separator: "\n"))
      }
      do {
        _ = try await monitor.event(within: .seconds(5)) {
          $0["event"] == "VM_STATE_CHANGED" || $0["event"] == "VM_REMOVED"
        }
      } catch let silence as ByteStream.Unheard where !silence.ended {
        continue
      } catch {
        return nil
      }
    }
  }

  private func look(asking monitor: PlainMonitor) async throws -> Look? {
    // A `down` that was promised takes its VM off the list, wherever the VM rests meanwhile.
    // At the end its folder has gone a moment before it is off the list.
    let leaving = guests.map { guest in
      let folder = "\(fleet.state)/vms/\(guest.id)"
      return FileSystem.exists(folder + "/forget") || !FileSystem.exists(folder)
    }
    // A supervisor that is gone has no answer.
    guard let vms = try? await monitor.execute("query-vms").array else { return nil }
    let pids = fleet.guestPIDs()
    if let double = fleet.doubleGuest() { throw Violation(law: "a VM never has two QEMUs", seen: double) }
    for vm in vms where vm["cause"]?.string?.isEmpty != false {
      throw Violation(law: "every state has a cause", seen: "\(vm)")
    }
    return Look(
      reports: guests.map { guest in vms.first { $0["name"]?.string == guest.name } },
      pids: guests.map { (pids[$0.id] ?? []).map { Int($0) } }, isLeaving: leaving)
  }

  // MARK: The ledger

  /// Numbers grow, and every end of a QEMU is followed by a state with a cause.
  private func checkLedger(asking monitor: PlainMonitor) async throws {
    try await eventually("every exit has a cause, told behind it", asking: monitor) {
      var last = self.lastRecord ?? 0
      let records = try await self.records(after: last, asking: monitor)
      var untold: [String: JSONValue] = [:]
      for record in records {
        guard let number = record["seq"]?.int, number > last else {
          throw Violation(law: "the ledger's numbers grow", seen: "\(record) behind \(last)")
        }
        last = number
        let name = record["name"]?.string ?? ""
        // What a full disk has lost, it counts.
        if record["lost"]?.int ?? 0 > 0 { untold = [:] }
        switch record["event"]?.string {
        case "exited": untold[name] = record
        case "state":
          if record["cause"]?.string?.isEmpty != false {
            throw Violation(law: "every state has a cause", seen: "\(record)")
          }
          untold[name] = nil
        default: break
        }
      }
      if let record = untold.first, !self.hasLostRecords { return "nothing is told behind \(record.value)" }
      self.count(records)
      self.lastRecord = last
      self.hasLostRecords = false
      return nil
    }
  }

  private func records(after last: Int, asking monitor: PlainMonitor) async throws -> [JSONValue] {
    var records: [JSONValue] = []
    while true {
      var arguments: JSONObject = ["since": JSONValue(last)]
      arguments["before"] = records.first?["seq"]
      let page = try await monitor.execute("query-events", arguments)
      records = (page["events"]?.array ?? []) + records
      if page["complete"] == true { return records }
    }
  }

  private func count(_ records: [JSONValue]) {
    figures.ledgerRecords += records.count
    figures.adoptions += records.count { $0["event"] == "adopted" }
    figures.exits += records.count { $0["event"] == "exited" }
  }

  // MARK: Processes and descriptors

  /// One supervisor with what it needs and no more, one QEMU a live guest, and nothing else.
  private func checkHoldings(asking monitor: PlainMonitor) async throws {
    let live = rests.count { $0.first?.isLive == true }
    try await eventually("no stray process, no second supervisor", asking: monitor) {
      let processes = try self.fleet.processes()
      let owned = Set(zip(self.guests, self.rests).filter { $1.first?.isLive == true }.map(\.0.id))
      let strays = processes.filter {
        switch $0.role {
        case .guest(let id): !owned.contains(id)
        case .supervisor: false
        case .helper, .networkSwitch, .other: true
        }
      }
      let supervisors = processes.count { $0.role == .supervisor }
      guard strays.isEmpty, supervisors == 1, processes.count == live + 1 else {
        return processes.map { "\($0.pid) \($0.role)" }.joined(separator: ", ")
      }
      return nil
    }
    try await eventually("a supervisor holds so much for each guest, and no more", asking: monitor) {
      let holdings = try Holdings(of: try self.fleet.supervisor())
      return holdings.isWithin(idle: self.idle, each: self.each, live: live)
        ? nil
        : "\(live) guests: \(holdings)\nwithout a guest \(self.idle)\nfor each \(self.each)"
    }
  }

  /// Looks what a supervisor holds at rest, and what of that is each guest's: first without any, then with all.
  func learnHoldings(with live: Int) async throws {
    let monitor = try await fleet.monitor()
    // What the commands before had is closed when the second answer is there.
    for _ in 0..<2 { try await monitor.execute("query-supervisor") }
    let holdings = try Holdings(of: try fleet.supervisor())
    if live == 0 { idle = holdings } else { each = holdings.share(above: idle, of: live) }
    await monitor.close()
  }

  /// Looks until nothing is to be seen, again after each answer of the supervisor's, for it takes things in turn.
  private func eventually(
    _ law: String, asking monitor: PlainMonitor, within patience: Duration = ChaosRun.patience,
    _ look: () async throws -> String?
  ) async throws {
    let limit = Instant.now + patience
    while let seen = try await look() {
      guard Instant.now < limit else { throw Violation(law: law, seen: seen) }
      try await monitor.execute("query-supervisor")
    }
  }
}
