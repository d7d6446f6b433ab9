package import Control
internal import Glibc
internal import Host
package import JSON
internal import Machine

// The commands of the control socket, one to one with the verbs.
extension Supervisor {
  /// Answers one request; a changing one when its wish is durable.
  package func answer(_ request: ControlRequest) async throws(ControlError) -> JSONValue {
    try refuseWhileStandingDown(request)
    switch request {
    case .create(let subject):
      return try await bring(subject, starting: false, dryRun: false)
    case .up(let subject, let dryRun):
      return try await bring(subject, starting: true, dryRun: dryRun)
    case .run(let definition, let directory, let holder):
      return try await run(definition, directory: directory, holder: holder)
    case .start(let name, let now):
      return try await with(try identify(name)) { vm throws(ControlError) in try await vm.start(now: now) }
    case .down(let name, let disks, let timeout):
      return try await withDisks(disks, of: name) { () throws(ControlError) in
        try await ending(name) { vm throws(ControlError) in
          try await vm.down(timeout: timeout, disks: disks)
        }
      }
    case .stop(let name, let timeout):
      return try await ending(name) { vm throws(ControlError) in try await vm.stop(timeout: timeout) }
    case .labUp(let lab, let names, let dryRun):
      return try await labUp(lab, names: names, dryRun: dryRun).json
    case .labDown(let vms, let disks, let timeout):
      return try await end(vms, .down(disks: disks), timeout: timeout).json
    case .labStop(let vms, let timeout):
      return try await end(vms, .stop, timeout: timeout).json
    case .restart(let name, let timeout):
      return try await with(try identify(name)) { vm throws(ControlError) in
        try await vm.restart(timeout: timeout)
      }
    case .kill(let name):
      return try await ending(name) { vm throws(ControlError) in try await vm.kill() }
    case .pause(let name):
      return try await with(try identify(name)) { vm throws(ControlError) in
        try await vm.runMonitorCommand(.pause, by: "stop", whenIn: [.running])
      }
    case .unpause(let name):
      return try await with(try identify(name)) { vm throws(ControlError) in
        try await vm.runMonitorCommand(.unpause, by: "cont", whenIn: [.paused])
      }
    case .reset(let name):
      return try await with(try identify(name)) { vm throws(ControlError) in
        try await vm.runMonitorCommand(.reset, by: "system_reset", whenIn: [.running, .paused])
      }
    case .update(let name, let settings, let edits, let timeout):
      return try await update(name, settings, edits, timeout)
    case .remove(let name, let disks):
      return try await withDisks(disks, of: name) { () throws(ControlError) in
        try await ending(name) { vm throws(ControlError) in try await vm.remove(disks: disks) }
      }
    case .queryVMs:
      let now = Instant.now
      return .array(
        reports.values.sorted { $0.name < $1.name }.map { .object($0.status(at: now).json) })
    case .queryNetworks(let counters): return await queryNetworks(counters: counters)
    case .queryVM(let name):
      return try await with(try identify(name)) { vm throws(ControlError) in await vm.details() }
    case .queryArguments(let name):
      return try await with(try identify(name)) { vm throws(ControlError) in try await vm.commandLine() }
    case .execute(let name, let command, let timeout):
      return try await with(try identify(name)) { vm throws(ControlError) in
        try await vm.execute(command, timeout: timeout)
      }
    case .querySupervisor:
      return about.json
    case .queryEvents(let name, let since, let before):
      return try await events(of: name, since: since, before: before)
    case .queryWhy(let name):
      return try await why(name)
    case .queryJobs(let id, let name): return try await queryJobs(id: id, of: name)
    case .jobCancel(let id): return .object(try await jobs.cancel(id).json)
    case .jobDismiss(let id):
      try await jobs.dismiss(id)
      return [:]
    case .imageAdd(let file, let name): return .object(try await addImage(file, as: name).json)
    case .imagePull(let source, let name): return .object(try await pullImage(source, as: name).json)
    case .queryImages: return .array(try await images.list().map { .object(images.report($0).json) })
    case .imageRemove(let name):
      try await removeImage(name)
      return [:]
    case .queryDisks: return try await queryDisks()
    case .diskRemove(let name, let disk):
      try await removeDisk(disk, of: name)
      return [:]
    case .imageVerify(let name): return .object(try await verifyImages(name).json)
    case .queryCommands, .queryVersion, .subscribe, .quit:
      throw ControlError(.failed, "\(request.commandName) is not the supervisor's to answer")
    }
  }

  /// `query-supervisor`.
  private var about: SupervisorReport {
    var report = SupervisorReport(
      pid: getpid(), version: "\(qemuvmVersion)", startedAt: startedAt, vms: reports.count,
      isBackground: isBackground)
    report.stateDirectory = state.path
    report.runtimeDirectory = locations.runtime
    report.configurationDirectory = locations.configuration
    return report
  }

  /// Runs what ends a VM, before which whatever brings its lab up has lost.
  private func ending(
    _ vm: VMReference, _ body: @Sendable (VirtualMachine) async throws(ControlError) -> JSONValue
  ) async throws(ControlError) -> JSONValue {
    let name = try identify(vm)
    await withdraw(name)
    return try await with(name, body)
  }

  /// Runs what forgets a VM; of one that is not on the list, what an earlier `down` has left goes with its disks.
  private func withDisks(
    _ isMeant: Bool, of vm: VMReference, _ body: () async throws(ControlError) -> JSONValue
  ) async throws(ControlError) -> JSONValue {
    do throws(ControlError) {
      return try await body()
    } catch {
      guard isMeant else { throw error }
      return try await removeLeft(of: vm, or: error)
    }
  }

  private func bring(
    _ subject: ControlRequest.Subject, starting: Bool, dryRun: Bool
  ) async throws(ControlError) -> JSONValue {
    switch subject {
    case .named(let vm):
      return try await with(try identify(vm)) { vm throws(ControlError) in
        let answer = try await vm.bring(to: nil, starting: starting, dryRun: dryRun)
        return dryRun ? answer : await vm.live(answer)
      }
    case .definition(let json, let directory, let file):
      let record = try await preparation.record(json, directory: directory, file: file)
      let name = record.definition.name
      if !dryRun { try refuseWhileStandingDown(name.full) }
      try refuseCircle(record)
      try refuseUnknownNetwork(record)
      guard let lab = name.lab, !dryRun else {
        if let lab = name.lab {
          try refuseOtherFile(lab, file)
        }
        let answer = try await bring(record, starting: starting, dryRun: dryRun)
        return dryRun ? answer : await live(answer, name)
      }
      // Nothing is awaited between the question and the claim.
      try claim(lab, for: file)
      let result: Result<JSONValue, ControlError>
      do throws(ControlError) {
        result = .success(try await bring(record, starting: starting, dryRun: false))
      } catch {
        result = .failure(error)
      }
      release(lab)
      return await live(try result.get(), name)
    }
  }

  /// The answer with what the running guest has taken of a change.
  func live(_ answer: JSONValue, _ name: VMName) async -> JSONValue {
    guard let machine = machines[name.id] else { return answer }
    return await machine.live(answer)
  }

  func bring(
    _ record: VMRecord, starting: Bool, dryRun: Bool
  ) async throws(ControlError) -> JSONValue {
    try await with(record.definition.name, creating: true) { vm throws(ControlError) in
      try await vm.bring(to: record, starting: starting, dryRun: dryRun)
    }
  }

  private func update(
    _ vm: VMReference, _ settings: JSONObject, _ edits: JSONObject, _ timeout: Duration?
  ) async throws(ControlError) -> JSONValue {
    let name = try identify(vm)
    let preparation = preparation
    let lists: ListEdits
    do throws(JSONTypeError) {
      lists = try ListEdits(json: .object(edits))
    } catch {
      throw ControlError(.invalid, "edits: \(error)", vm: name.full)
    }
    return try await with(name) { vm throws(ControlError) in
      let answer = try await vm.update { record throws(ControlError) in
        let next = try await preparation.updated(record, with: settings, lists)
        try await self.refuseCircle(next)
        try await self.refuseUnknownNetwork(next)
        return next
      }
      return await vm.live(answer, patience: timeout)
    }
  }

}
