internal import Control
internal import Host
internal import JSON

// A wish to run that is taken back: what stop, kill, down and rm share.
extension VirtualMachine {
  /// What is to be left of a VM that ends.
  enum Removal {
    case nothing
    case forget(disks: Bool)

    /// Only if it has stopped already.
    case forgetStopped(disks: Bool)

    /// Whether the disks go too; nil when nothing goes.
    var deletesDisks: Bool? {
      switch self {
      case .nothing: nil
      case .forget(let disks), .forgetStopped(let disks): disks
      }
    }
  }

  /// What stop, kill, down and rm share: the wish to run is taken back on disk, then it is acted on.
  ///
  /// A disk that hangs, or another command that waits for one, holds it up for a moment only.
  func endWish(
    _ verb: String, _ input: LifecycleInput, _ removal: Removal = .nothing
  ) async throws(ControlError) -> JSONValue {
    try refuseUnread(verb)
    let deadline = Instant.now + Self.diskPatience
    let hasTurn = await enter(within: Self.diskPatience)
    defer { if hasTurn { leave() } }
    guard isDefined else { throw .noSuchVM("\(name)") }
    if case .forgetStopped = removal, lifecycle.isUp || run != nil || lifecycle.awaitsProcess {
      throw .cannot(
        "remove", name, "it is \(lifecycle.state.rawValue)", .wrongState,
        advice: ["'qemuvm down \(name)' stops it first."])
    }
    endings += 1
    let refusal = await recordEnd(removal, within: max(deadline - .now, .milliseconds(100)))
    // Without its turn it may come behind the VM's removal.
    guard isDefined else { throw .noSuchVM("\(name)") }
    // One that has stopped already stays as it is; another stops in any case.
    if let refusal, case .forgetStopped = removal { throw refusal.error }
    confirm(verb, wish + 1)
    if refusal?.mayHold ?? true, removal.deletesDisks != nil { isForgetting = true }
    apply(input)
    if let refusal {
      note(.message("\(refusal.error)"))
      throw refusal.error
    }
    announceIfQuiet(true)
    try refuseImpostor(verb)
    await tellStranger()
    return answer(actions: [.stop])
  }

  /// What passes itself off as the VM's QEMU is left alone: nobody is told that it has ended.
  private func refuseImpostor(_ verb: String) throws(ControlError) {
    guard let impostor else { return }
    guard !impostor.process.hasExited else {
      self.impostor = nil
      return
    }
    throw .cannot(
      verb, name, "it is not wanted any more, but \(impostor.words)",
      advice: ["It is left alone: end it yourself, by 'kill \(impostor.process.pid)' if nobody needs it."])
  }

  /// Tells of a VM without a QEMU who holds its lock all the same: until that ends it cannot be started.
  private func tellStranger() async {
    guard run == nil, !isForgetting else { return }
    let lock = folder.lock
    let holder = await lane.run(within: Self.diskPatience) {
      // A lock that cannot be asked for is the next start's to tell of.
      (try? FileLock.isHeld(lock)) == true ? LockHolder.describeAny(of: lock) : nil
    }
    if let holder = holder ?? nil {
      tell("\(holder) holds its lock \(lock), and is left alone: it is not this VM's QEMU")
    }
  }

  /// Makes durable that the VM ends, and what is to be left of it; gives what is to be said where that fails.
  ///
  /// A disk that hangs has so long: that the VM is stopped it may record later, and no removal of a disk.
  private func recordEnd(
    _ removal: Removal, within time: Duration
  ) async -> (error: ControlError, mayHold: Bool)? {
    let (folder, deletesDisks) = (folder, removal.deletesDisks)
    let stops = if case .forgetStopped = removal { false } else { true }
    let record = EndRecording(in: folder, deletingDisks: deletesDisks, stops: stops)
    let result = await lane.run(within: time, isLasting: stops) { record.perform() }
    switch result ?? record.giveUp() {
    case .done: return nil
    case .unremoved(let failure) where !stops:
      return (Self.refused(name.full, "remove", error: failure), false)
    case .unremoved(let failure):
      let rest =
        failure.isTakenBack
        ? "It stays on the list, and its disks are kept." : "The next supervisor may remove it all the same."
      let error = ControlError(
        .failed, "stopped, but not removed: that could not be recorded: \(failure.error)", vm: name.full,
        fact: failure.isTakenBack ? .notRecorded : .mayHold,
        advice: ["\(rest) \(Self.remedy(failure.error)) and give the command again."])
      return (error, false)
    case .unrecorded(let error): return (unrecorded("\(error)", Self.remedy(error)), false)
    case nil:
      let words = "no answer from \(lane.place ?? folder.path) for \(Self.diskPatience.seconds) s"
      guard stops else { return (.cannot("remove", name, words, .noAnswer), false) }
      return (unrecorded(words, "Put that right"), true)
    }
  }

  private func unrecorded(_ why: String, _ remedy: String) -> ControlError {
    ControlError(
      .failed, "stopped, but not recorded: \(why)", vm: name.full, fact: .notRecorded,
      advice: [
        "After a crash of the supervisor or the host it may start again. \(remedy) and stop it once more."
      ])
  }
}
