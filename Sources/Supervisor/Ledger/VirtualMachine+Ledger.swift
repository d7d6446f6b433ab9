internal import Control
internal import Host
internal import JSON
internal import Machine
internal import QMP

// What a VM tells the ledger: each a copy of what is known at that moment, handed over without waiting.
extension VirtualMachine {
  func note(_ event: LedgerEvent, at time: Timestamp = .now, isPromise: Bool = false) {
    services.ledger.append(event, of: name, at: time, isPromise: isPromise)
  }

  /// Counts a user's wish, whose promise has just been made durable.
  func confirm(_ verb: String, _ number: Int) {
    wish = number
    keepsState = false
    note(.wish(verb: verb, by: .user, number: wish), isPromise: true)
  }

  /// The guest ended itself, and the wish that it runs is off the disk.
  func noteDroppedWish() {
    note(.wish(verb: "stop", by: .guest, number: wish), isPromise: true)
  }

  /// Tells the state, if it is another than the last.
  func noteState() {
    let facts = LedgerEvent.StateFacts(lifecycle)
    if noted.isNews(facts, at: .now) {
      if let incident = incidents.incident(facts, of: name.full) {
        Log.note(incident.line, incident.priority)
        services.hook.tell(incident)
      }
      return note(.state(facts))
    }
    // Of a storm that ends the last state counts, and nothing else comes to tell it.
    guard let due = noted.due, !isNoteAwaited else { return }
    isNoteAwaited = true
    executor.after(due - .now) { [weak self] in
      self?.assumeIsolated { vm in
        vm.isNoteAwaited = false
        vm.noteState()
      }
    }
  }

  /// Takes a state that an earlier supervisor has told as told.
  func beginNotes() {
    _ = noted.isNews(LedgerEvent.StateFacts(lifecycle), at: .now)
  }

  func noteExit(of run: Run, _ status: ExitStatus, _ stderr: String) {
    for (event, count) in noted.takeUntold() { note(.qmp(event: event, data: [:], count: count)) }
    let facts = LedgerEvent.ExitFacts(
      pid: run.process.pid, status: status, ending: lifecycle.ending.map(EndingKind.init), stderr: stderr,
      refusal: RefusalKind(saidByQEMU: stderr),
      ranSeconds: lifecycle.guest.runningSince.map { Double((.now - $0).nanoseconds / 1_000_000) / 1000 })
    lastExit = facts
    note(.exited(facts))
  }

  /// Tells the events that explain an end, and none that a guest at work sends.
  func noteEvent(_ event: QMPEvent) {
    switch event.name {
    case "SHUTDOWN", "GUEST_PANICKED", "WATCHDOG", "RESET", "BLOCK_IO_ERROR":
      guard let count = noted.count(event.name, event.count, at: .now) else { return }
      var data = event.data
      if let file = imageFile(event) { data["file"] = .string(file) }
      note(.qmp(event: event.name, data: data, count: count))
    default:
      break
    }
  }

  /// The image that a BLOCK_IO_ERROR is about, as this QEMU's own command line has it, or the change that brought it.
  private func imageFile(_ event: QMPEvent) -> String? {
    guard let node = event.data["node-name"]?.string, !node.isEmpty, let run else { return nil }
    for word in run.diskOptions {
      // One of the user's own need not be JSON.
      guard let block = try? JSONValue(parsing: word) else { continue }
      let names = [block["node-name"]?.string, block["file"]?["node-name"]?.string]
      if names.contains(node) { return block["file"]?["filename"]?.string ?? block["filename"]?.string }
    }
    // One that has come while it runs.
    let disk = DeviceID.disk(DeviceID.diskName(ofNode: node))
    return run.machine?.devices?.first { $0.id == disk }?.file
  }
}

extension LedgerEvent.StateFacts {
  /// The state that a VM is in.
  ///
  /// An end stands beside it only while the state is its consequence.
  init(_ lifecycle: Lifecycle) {
    let isConsequence: Bool =
      switch lifecycle.state {
      case .stopped, .failed, .backoff: true
      case .starting, .running: lifecycle.intent.restartCause != nil
      case .waiting, .paused, .stopping: false
      }
    var pause: PauseKind?
    if lifecycle.state == .paused, case .paused(let reason) = lifecycle.guest.state {
      pause = PauseKind(reason)
    }
    self.init(
      state: lifecycle.state, desired: lifecycle.desired, cause: lifecycle.cause,
      health: lifecycle.health, pause: pause,
      ending: isConsequence
        ? lifecycle.lastEnding.map(EndingKind.init) ?? lifecycle.intent.restartCause?.ending : nil,
      restartCause: isConsequence ? lifecycle.intent.restartCause?.words : nil,
      restarts: lifecycle.intent.restarts)
  }
}
