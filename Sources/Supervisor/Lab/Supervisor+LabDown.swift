internal import Control
internal import Host
internal import JSON
internal import Machine

// `lab-down` and `lab-stop`: several VMs end, what depends on others before those.
extension Supervisor {
  /// A VM that is to end, or why there is none on the list.
  private struct Target {
    let vm: VMReference
    let name: Result<VMName, ControlError>
  }

  /// Ends several VMs: that is durable for all of them before the first is asked.
  func end(
    _ vms: VMSet, _ wish: LabRecord.Promise.Wish, timeout: Duration?
  ) async throws(ControlError) -> FleetReply {
    let targets = try await targets(of: vms, wish)
    let names = targets.compactMap { try? $0.name.get() }
    let promises = await promise(wish, to: names)
    var results: [VMName: Result<JSONObject, ControlError>] = [:]
    let all = Set(names)
    // From here on each of them counts as one that is to end, whoever hears of it first.
    for name in all { ending[name, default: 0] += 1 }
    await withTaskGroup(of: (VMName, Result<JSONObject, ControlError>).self) { group in
      for name in all {
        let held = holdOfEnd(of: name, among: all)
        group.addTask { (name, await self.end(name, wish, timeout: timeout, held: held)) }
      }
      for await (name, result) in group { results[name] = result }
    }
    for name in all { ending[name] = ending[name].flatMap { $0 > 1 ? $0 - 1 : nil } }
    // What was waited for may have ended before all had heard of it.
    reviewEnds()
    for (lab, own) in promises { await settle(own, of: lab) }
    var entries: [FleetReply.Entry] = []
    for target in targets {
      switch target.name {
      case .success(let name):
        entries.append(FleetReply.Entry("\(name)", results[name] ?? .failure(.noSuchVM("\(name)"))))
      case .failure(let refusal):
        entries.append(FleetReply.Entry(target.vm.name, await endLeft(target.vm, wish, or: refusal)))
      }
    }
    return FleetReply(entries)
  }

  private func targets(
    of vms: VMSet, _ wish: LabRecord.Promise.Wish
  ) async throws(ControlError) -> [Target] {
    switch vms {
    case .vms(let references):
      return references.map { vm in
        Target(vm: vm, name: Result { () throws(ControlError) in try identify(vm) })
      }
    case .lab(let lab, let file):
      if let file { try refuseOtherFile(lab, file) }
      let left = wish == .down(disks: true) ? try await leftVMs() : []
      let known = reports.values.map(\.name)
      let names = Set(known + left).filter { $0.lab == lab }.sorted()
      guard !names.isEmpty else {
        throw ControlError(.notFound, "no VM is of the lab '\(lab)'", fact: .noSuchVM)
      }
      return names.map { name in
        let vm = VMReference("\(name)")
        return Target(vm: vm, name: Result { () throws(ControlError) in try identify(vm) })
      }
    }
  }

  /// The end of a VM that is not on the list: where the disks are to go, those go that an earlier `down` has left.
  private func endLeft(
    _ vm: VMReference, _ wish: LabRecord.Promise.Wish, or refusal: ControlError
  ) async -> Result<JSONObject, ControlError> {
    guard case .down(disks: true) = wish else { return .failure(refusal) }
    do throws(ControlError) {
      return .success(try await removeLeft(of: vm, or: refusal).object ?? [:])
    } catch {
      return .failure(error)
    }
  }

  /// Makes one promise a lab; gives what was promised, by lab.
  ///
  /// Where that fails each VM's own wish is recorded nevertheless: that needs no space.
  private func promise(
    _ wish: LabRecord.Promise.Wish, to names: [VMName]
  ) async -> [String: [String: LabRecord.Promise]] {
    var promises: [String: [String: LabRecord.Promise]] = [:]
    for (lab, own) in Dictionary(grouping: names, by: \.lab) {
      guard let lab, labs[lab]?.record != nil, own.count > 1 || own.contains(where: { isComingUp($0) }) else {
        continue
      }
      for name in own where !isUnread(name) {
        let promise = LabRecord.Promise(number: (reports[name.id]?.wish ?? 0) + 1, wish: wish)
        labs[lab]?.record?.pending[name.name] = promise
        promises[lab, default: [:]][name.name] = promise
      }
      guard let record = labs[lab]?.record else { continue }
      let folder = state.labs
      let isRecorded = await lane(ofLab: lab).run(within: VirtualMachine.diskPatience) {
        // It is said below; each VM's own folder has the wish as well.
        (try? folder.promise(record)) != nil
      }
      if isRecorded != true { Log.note("\(lab): that its VMs end could not be recorded for all at once") }
    }
    return promises
  }

  /// Whether the VM comes up with its lab at this moment.
  private func isComingUp(_ name: VMName) -> Bool {
    guard let lab = name.lab, case .up? = labs[lab]?.promise(of: name)?.wish else { return false }
    return true
  }

  /// The end of one VM: its wish is durable when this returns.
  func end(
    _ name: VMName, _ wish: LabRecord.Promise.Wish, timeout: Duration?, held: String? = nil
  ) async -> Result<JSONObject, ControlError> {
    do throws(ControlError) {
      return .success(
        try await with(name) { vm throws(ControlError) in
          switch wish {
          case .down(let disks): try await vm.down(timeout: timeout, disks: disks, held: held)
          case .stop, .up: try await vm.stop(timeout: timeout, held: held)
          }
        }.object ?? [:])
    } catch {
      return await endLeft(VMReference("\(name)"), wish, or: error)
    }
  }
}
