internal import Control
internal import Host
package import JSON
internal import Machine
internal import QMP

// A change that the running QEMU takes at once. The wish is on disk before, and holds whatever comes of this.
extension VirtualMachine {
  /// How long a guest has to let go of a device.
  private static var unplugPatience: Duration { .seconds(15) }

  /// Brings the QEMU that runs to what the VM is now, as far as it can without its guest being started anew.
  ///
  /// All of it or nothing: when QEMU or the guest refuses something, what was done before is taken back. Only with the
  /// definition that the running machine is of what was removed can be put back; else each removal stands for itself.
  func goLive(patience: Duration? = nil, isResumed: Bool = false) async -> LiveOutcome {
    await enterLive()
    defer {
      // Of a QEMU that has ended nothing is half done any more.
      if isChanging {
        isChanging = false
        if isDefined { save() }
      }
      liveGate.leave()
    }
    var outcome = LiveOutcome()
    guard let run, let (connection, running) = changeable(run), let next = await nextLaunch(), let record,
      !next.machine.description.changes(from: running).isEmpty
    else { return outcome }
    do throws(LiveFailure) {
      let steps = try await plan(run, connection, running, next, isResumed)
      guard !steps.isEmpty else { return outcome }
      // A supervisor that comes behind this one goes on with it.
      isChanging = true
      save()
      let alone = steps.prefix { $0.undo == nil && $0.removed != nil }
      for steps in alone.map({ [$0] }) + [Array(steps.dropFirst(alone.count))] {
        try await prepare(steps, of: next)
        try await carryOut(
          steps, towards: next.machine.description, on: run, connection, patience ?? Self.unplugPatience)
        outcome.applied += steps.map(\.words)
      }
      if let now = run.machine, next.machine.description.changes(from: now).isEmpty {
        (run.machine, run.record) = (next.machine.description, record)
      }
    } catch {
      // The next QEMU starts as the VM is.
      if error != .ended { outcome.refusal = "\(error)" }
    }
    if self.run === run {
      isChanging = false
      announce()
    }
    for words in outcome.applied { note(.message("changed while it runs: \(words)")) }
    if let refusal = outcome.refusal { note(.message("could not be changed while it runs: \(refusal)")) }
    return outcome
  }

  /// Goes on with a change in whose middle an earlier supervisor died.
  func goOnChanging() {
    guard let run, run.wasChanging, changeable(run) != nil else { return }
    run.wasChanging = false
    // The mark stays on file until that is done.
    isChanging = true
    Task { _ = await goLive(isResumed: true) }
  }

  /// What can be done at once; what first takes a download or a copy waits for the next start.
  private func plan(
    _ run: Run, _ connection: QMPConnection, _ running: MachineDescription, _ next: Launch, _ isResumed: Bool
  ) async throws(LiveFailure) -> [LiveStep] {
    let plan = LivePlan(
      from: running, to: next.machine, old: await machine(run.record), present: try await devices(connection),
      isResumed: isResumed)
    return Self.ready(plan, next)
  }

  private static func ready(_ plan: LivePlan, _ next: Launch) -> [LiveStep] {
    let waiting = next.machine.disks.filter { disk in
      guard let own = disk.own else { return false }
      if case .copy = own.content { return true }
      return own.content.base.map { $0.found == nil } ?? false
    }.map(\.id)
    return plan.steps.filter { step in !(step.added.map(waiting.contains) ?? false) }
  }

  /// What the running QEMU would take at once, and what would wait for the next start, as far as that is known without
  /// asking it.
  func rehearsed(_ next: Launch) -> (applied: [String], pending: [String]) {
    guard let run, let (_, running) = changeable(run) else { return ([], pending(next)) }
    let plan = LivePlan(from: running, to: next.machine, old: nil, present: nil, isResumed: false)
    let steps = Self.ready(plan, next)
    let later = next.machine.description.changes(
      from: steps.reduce(running) { $0.after($1, towards: next.machine.description) })
    return (steps.map(\.words), later.map(\.description))
  }

  /// One change at a time; it waits for a guest, and so holds up no other command.
  private func enterLive() async {
    if liveGate.tryEnter() { return }
    await withCheckedContinuation { liveGate.wait($0) }
  }

  /// What a change is told to, and the machine that it is; nil while that cannot be changed.
  private func changeable(_ run: Run) -> (QMPConnection, MachineDescription)? {
    guard run.isProven, run.hasNegotiated, lifecycle.state == .running || lifecycle.state == .paused,
      let connection = run.connection, let machine = run.machine, machine.devices != nil
    else { return nil }
    return (connection, machine)
  }

  private func nextLaunch() async -> Launch? {
    guard launch == nil, let record else { return launch }
    // What is wrong with it the next start says.
    guard let next = try? await prepare(record, .check), self.record == record else { return nil }
    if launch == nil { launch = next }
    return launch
  }

  private func machine(_ record: VMRecord?) async -> Machine? {
    guard let record else { return nil }
    // Nil where it cannot be told any more: then what is removed is not put back.
    return try? await prepare(record, .show).machine
  }

  /// The ids of QEMU's devices, among them the root ports.
  private func devices(_ connection: QMPConnection) async throws(LiveFailure) -> Set<String> {
    let reply = try await tell(connection, "qom-list", ["path": "/machine/peripheral"])
    return Set((reply.array ?? []).compactMap { $0["name"]?.string })
  }

  /// Makes what the devices need that are to be added: their disks, their networks.
  private func prepare(_ steps: [LiveStep], of next: Launch) async throws(LiveFailure) {
    let added = Set(steps.compactMap(\.added))
    let disks = next.machine.disks.filter { added.contains($0.id) }.compactMap(\.own)
    let places = next.files.filter { if case .write = $0 { true } else { false } }
    let (name, ports) = (name, services.ports)
    do throws(ControlError) {
      do throws(SystemError) {
        try await lane.run { () throws(SystemError) in
          for file in places { try file.prepare() }
          try ports.keep(name)
        }
      } catch {
        throw .cannot("update", name, "a file for QEMU cannot be written: \(error)", .file)
      }
      try await makeImages(disks, next.diskTool, ImageWork())
      let cards = next.machine.labCards
      if !cards.isEmpty { try await services.readyNetworks(cards) }
    } catch {
      throw .refused(error.reason)
    }
  }

  /// Does one step after the other; at a refusal what was done is taken back, the last first.
  private func carryOut(
    _ steps: [LiveStep], towards target: MachineDescription, on run: Run, _ connection: QMPConnection,
    _ patience: Duration
  ) async throws(LiveFailure) {
    let before = run.machine
    var done: [[LiveCommand]?] = []
    for step in steps {
      var count = 0
      do throws(LiveFailure) {
        for command in step.commands {
          guard self.run === run else { throw .ended }
          try await perform(command, on: run, connection, patience)
          count += 1
        }
      } catch {
        guard self.run === run else { throw .ended }
        if count > 0 { done.append(step.undo(of: count)) }
        let stays = await takeBack(done, on: run, connection, patience)
        guard self.run === run else { throw .ended }
        if stays.isEmpty { run.machine = before }
        throw .refused(([("\(step.words): \(error)")] + stays).joined(separator: "; "))
      }
      done.append(step.undo)
      run.machine = run.machine?.after(step, towards: target)
    }
  }

  /// Gives what could not be taken back, in words.
  private func takeBack(
    _ done: [[LiveCommand]?], on run: Run, _ connection: QMPConnection, _ patience: Duration
  ) async -> [String] {
    var stays: [String] = []
    for undo in done.reversed() {
      guard let undo else {
        stays.append("what was done before cannot be taken back")
        continue
      }
      do throws(LiveFailure) {
        for command in undo {
          guard self.run === run else { return stays }
          try await perform(command, on: run, connection, patience)
        }
      } catch {
        stays.append("what was done before could not be taken back: \(error)")
      }
    }
    return stays
  }

  private func perform(
    _ command: LiveCommand, on run: Run, _ connection: QMPConnection, _ patience: Duration
  ) async throws(LiveFailure) {
    switch command {
    case .qmp(let name, let arguments):
      try await tell(connection, name, arguments)
    case .qmpIfThere(let name, let arguments):
      do throws(QMPError) {
        _ = try await connection.execute(name, arguments)
      } catch {
        guard error.reply != nil else { throw .refused("\(error)") }
      }
    case .monitor(let line, let printsRefusal):
      let printed = try await tell(connection, HumanMonitorCommand.name, HumanMonitorCommand(line).arguments)
      if printsRefusal, let words = printed.string?.split(separator: "\r\n").first {
        throw .refused(String(words))
      }
    case .unplug(let device):
      if let failure = await unplug(device, of: run, connection, patience) { throw failure }
    }
  }

  @discardableResult
  private func tell(
    _ connection: QMPConnection, _ command: String, _ arguments: JSONObject
  ) async throws(LiveFailure) -> JSONValue {
    do throws(QMPError) {
      return try await connection.execute(command, arguments)
    } catch {
      throw .refused(error.reply?.description ?? "\(error)")
    }
  }

  /// Asks the guest to let go of a device and waits for it; gives why it has not.
  private func unplug(
    _ device: DeviceID, of run: Run, _ connection: QMPConnection, _ patience: Duration
  ) async -> LiveFailure? {
    guard self.run === run, run.exitStatus == nil else { return .ended }
    unplugs += 1
    let number = unplugs
    return await withCheckedContinuation { continuation in
      // Before the command: what it brings about may come before its answer.
      run.unplug = AwaitedUnplug(number: number, device: device, waiting: continuation)
      connection.assumeIsolated {
        $0.send("device_del", ["id": .string(device.text)]) { [weak self] result in
          guard case .failure(let error) = result else { return }
          self?.assumeIsolated { $0.endUnplug(number, .refused(error.reply?.description ?? "\(error)")) }
        }
      }
      executor.after(patience) { [weak self] in
        self?.assumeIsolated { $0.endUnplug(number, .held(after: patience)) }
      }
    }
  }

  private func endUnplug(_ number: Int, _ failure: LiveFailure?) {
    guard let run, run.unplug?.number == number else { return }
    run.unplug.take()?.waiting.resume(returning: failure)
  }

  /// Takes in what an event says of a device that comes or goes.
  func noteUnplug(_ event: QMPEvent) {
    guard let run, let device = event.data["device"]?.string.map({ DeviceID($0) }) else { return }
    let awaited = run.unplug.flatMap { $0.device == device ? $0.number : nil }
    switch (event.name, awaited) {
    case ("DEVICE_UNPLUG_GUEST_ERROR", let number?): endUnplug(number, .guestRefused)
    case ("DEVICE_DELETED", let number?): endUnplug(number, nil)
    case ("DEVICE_DELETED", nil): letGo(of: device, run)
    default: break
    }
  }

  /// A guest that has taken its time, or has given a device up by itself: what stood behind it goes as well.
  private func letGo(of device: DeviceID, _ run: Run) {
    guard !isChanging, let machine = run.machine,
      let gone = machine.devices?.first(where: { $0.id == device }),
      let removal = gone.removal
    else { return }
    for case .qmp(let name, let arguments) in removal {
      run.connection?.assumeIsolated { $0.send(name, arguments) { _ in } }
    }
    run.machine = machine.without(device)
    tell("the guest has let go of its \(gone.label)")
    announce()
  }
}

extension VirtualMachine {
  /// The answer to a command that has changed what the VM is, with what the running QEMU has taken of it.
  package func live(_ answer: JSONValue, patience: Duration? = nil) async -> JSONValue {
    // It is one of ours.
    guard run != nil, var reply = try? VMReply(json: answer) else { return answer }
    let outcome = await goLive(patience: patience)
    reply.applied += outcome.applied
    reply.refusal = outcome.refusal
    reply.pending = pending(launch)
    return .object(reply.json)
  }
}

extension Run {
  /// Whoever waits for its guest hears that it has ended.
  func endUnplug() { unplug.take()?.waiting.resume(returning: .ended) }
}
