internal import Control
internal import Host
internal import JSON
internal import Machine

// `lab-up`: a lab comes to its definition as a whole.
extension Supervisor {
  /// What is to become of one VM of a lab, in the order of its file.
  private typealias Candidate = (name: VMName, record: Result<VMRecord, ControlError>)

  /// Brings a lab to its definition and starts its VMs; with `names`, those alone and what they depend on.
  ///
  /// One file makes the promise for all; from there on, whatever happens, each VM comes to its definition. One that
  /// cannot is refused, and the others go on.
  func labUp(
    _ lab: LabDefinition, names: [String]?, dryRun: Bool
  ) async throws(ControlError) -> FleetReply {
    let networks = try Self.check(lab)
    try claim(lab.lab, for: lab.file)
    let result: Result<FleetReply, ControlError>
    do throws(ControlError) {
      result = .success(try await bringClaimed(lab, on: networks, names: names, dryRun: dryRun))
    } catch {
      result = .failure(error)
    }
    release(lab.lab)
    let reply = try result.get()
    return dryRun ? reply : await live(reply)
  }

  /// The reply with what running guests have taken of a change: no other command waits for them.
  private func live(_ reply: FleetReply) async -> FleetReply {
    await withTaskGroup(of: (Int, JSONObject).self) { group in
      var entries = reply.entries
      for (index, entry) in entries.enumerated() {
        guard case .success(let answer) = entry.result, let name = Self.name(entry.name) else { continue }
        group.addTask { (index, await self.live(.object(answer), name).object ?? answer) }
      }
      for await (index, answer) in group { entries[index].result = .success(answer) }
      return FleetReply(entries)
    }
  }

  /// Brings up what an earlier supervisor has promised and did not come to; nobody else does anything yet.
  ///
  /// Only the state folder is waited for: what is wrong with a definition, its start says.
  func bringPromised(_ promises: [String: LabRecord.Promise], of lab: String) async {
    let candidates = promises.sorted { $0.key < $1.key }.compactMap { _, promise -> Candidate? in
      guard case .up(let record) = promise.wish else { return nil }
      return (record.definition.name, .success(record))
    }
    Log.note("\(lab): comes up with \(candidates.map(\.name.name).joined(separator: ", ")), as was promised")
    let order = LabOrder(
      candidates.map { ($0.name.name, (try? $0.record.get().definition.dependencies) ?? []) })
    let entries = await bring(
      candidates, layers: order.startLayers, of: lab, promises: promises, isPromised: true)
    for case .failure(let error) in entries.map(\.result) { Log.note("\(error)") }
    noteRefusals(in: entries, of: lab)
  }

  private static func check(_ lab: LabDefinition) throws(ControlError) -> LabNetworks {
    do throws(NameError) {
      _ = try VMName("vm", lab: lab.lab)
    } catch {
      throw ControlError(.invalid, "the lab cannot be called '\(lab.lab)': \(error)")
    }
    do throws(DefinitionError) {
      return try LabNetworks(json: lab.networks)
    } catch {
      throw ControlError(.invalid, "\(error)")
    }
  }

  private func bringClaimed(
    _ lab: LabDefinition, on networks: LabNetworks, names: [String]?, dryRun: Bool
  ) async throws(ControlError) -> FleetReply {
    let all = try await preparation.records(of: lab, on: networks)
    let order = LabOrder(all.map { ($0.0.name, (try? $0.1.get().definition.dependencies) ?? []) })
    let chosen = try Self.chosen(all, names, order)
    guard !dryRun else {
      let entries = await bring(chosen, layers: [chosen.map(\.name.name)], of: lab.lab, promises: nil)
      return FleetReply(showNetworks(of: all, lab, in: entries))
    }
    await enter(lab.lab)
    defer { leave(lab.lab) }
    try refuseWhileStandingDown(nil)
    try refuseChange(to: networks, of: lab.lab)
    let promises = try await promise(chosen, order, lab)
    let entries = await bring(chosen, layers: order.startLayers, of: lab.lab, promises: promises)
    noteRefusals(in: entries, of: lab.lab)
    await settle(promises, of: lab.lab)
    await bringNetworksUpToDate(of: lab.lab)
    return FleetReply(entries)
  }

  private static func chosen(
    _ all: [Candidate], _ names: [String]?, _ order: LabOrder
  ) throws(ControlError) -> [Candidate] {
    guard let names else { return all }
    let known = all.map(\.name.name)
    if let unknown = names.first(where: { !known.contains($0) }) { throw .noSuchVM(unknown, known: known) }
    let wanted = order.closure(of: names)
    return all.filter { wanted.contains($0.name.name) }
  }

  /// Makes the one promise; gives what it promises of each VM.
  ///
  /// Nothing is written for VMs that are there as they are defined and run: that needs no promise.
  private func promise(
    _ chosen: [Candidate], _ order: LabOrder, _ lab: LabDefinition
  ) async throws(ControlError) -> [String: LabRecord.Promise] {
    var promises: [String: LabRecord.Promise] = [:]
    for candidate in chosen {
      // One that is not known yet refuses.
      guard case .success(let record) = candidate.record, !isUnread(candidate.name) else { continue }
      if let machine = machines[candidate.name.id], await machine.isRunning(as: record) { continue }
      let number = (reports[candidate.name.id]?.wish ?? 0) + 1
      promises[candidate.name.name] = LabRecord.Promise(number: number, wish: .up(record))
    }
    let before = labs[lab.lab]?.record
    var record = before ?? LabRecord(lab: lab.lab, file: lab.file, directory: lab.directory)
    (record.file, record.directory, record.networks) = (lab.file, lab.directory, lab.networks)
    let names = Set(record.vms + chosen.map(\.name.name))
    let ordered = order.startLayers.joined().filter(names.contains)
    record.vms = ordered + names.subtracting(ordered).sorted()
    for candidate in chosen { record.refusals[candidate.name.name] = nil }
    record.pending.merge(promises) { $1 }
    guard record != before else { return promises }
    labs[lab.lab]?.record = record
    do throws(FolderChange.Failure) {
      try await makeDurable(lab.lab)
    } catch {
      takeBack(promises, of: lab.lab, before)
      throw VirtualMachine.refused(nil, "start", error: error)
    }
    return promises
  }

  /// What was refused was never there; what others have changed meanwhile stays.
  private func takeBack(
    _ promises: [String: LabRecord.Promise], of lab: String, _ before: LabRecord?
  ) {
    guard let before else {
      if labs[lab]?.record?.pending == promises { labs[lab]?.record = nil }
      return
    }
    for (name, promise) in promises where labs[lab]?.record?.pending[name] == promise {
      labs[lab]?.record?.pending[name] = before.pending[name]
    }
  }

  /// Brings VMs to their definition layer by layer: those of one layer at the same time.
  ///
  /// Nobody waits here for a guest, only for the wish of each to be on its disk. Without promises it is only told what
  /// would be done; with `isPromised` it is done whatever is wrong with it.
  private func bring(
    _ candidates: [Candidate], layers: [[String]], of lab: String, promises: [String: LabRecord.Promise]?,
    isPromised: Bool = false
  ) async -> [FleetReply.Entry] {
    let byName = Dictionary(candidates.map { ($0.name.name, $0) }) { first, _ in first }
    var results: [VMName: Result<JSONObject, ControlError>] = [:]
    for layer in layers {
      await withTaskGroup(of: (VMName, Result<JSONObject, ControlError>).self) { group in
        for candidate in layer.compactMap({ byName[$0] }) {
          group.addTask {
            (candidate.name, await self.bring(candidate, of: lab, promises, isPromised: isPromised))
          }
        }
        for await (name, result) in group { results[name] = result }
      }
    }
    return candidates.map { candidate in
      FleetReply.Entry(
        "\(candidate.name)",
        results[candidate.name] ?? .failure(.cannot("start", candidate.name, "it was not brought up")))
    }
  }

  private func bring(
    _ candidate: Candidate, of lab: String, _ promises: [String: LabRecord.Promise]?, isPromised: Bool
  ) async -> Result<JSONObject, ControlError> {
    let name = candidate.name
    let dryRun = promises == nil
    do throws(ControlError) {
      if let promise = promises?[name.name], labs[lab]?.promise(of: name) != promise {
        throw .cannot("start", name, "it was stopped before its turn came", .superseded)
      }
      let record = try candidate.record.get()
      return .success(
        try await with(name, creating: true) { vm throws(ControlError) in
          try await vm.bring(to: record, starting: true, dryRun: dryRun, isPromised: isPromised)
        }.object ?? [:])
    } catch {
      // Whoever depends on it should say so.
      if !dryRun { followRefusal(of: name, because: error.reason) }
      return .failure(error)
    }
  }

  private func noteRefusals(in entries: [FleetReply.Entry], of lab: String) {
    for entry in entries {
      guard case .failure(let error) = entry.result, let name = Self.name(entry.name) else { continue }
      labs[lab]?.record?.refusals[name.name] = error.reason
    }
  }

  private static func name(_ text: String) -> VMName? {
    // It was made of one.
    try? VMName(parsing: text)
  }

  // MARK: One command at a time for a lab

  func enter(_ lab: String) async {
    if labs[lab]?.gate.tryEnter() != false { return }
    await withCheckedContinuation { labs[lab]?.gate.wait($0) }
  }

  func leave(_ lab: String) { labs[lab]?.gate.leave() }
}
