internal import Control
internal import Dispatch
internal import Host
internal import Machine

// How a VM goes on where an earlier supervisor left off.
extension VirtualMachine {
  /// Reads what an earlier supervisor has left of it, on the lane of its files, and goes on from there.
  ///
  /// Returns when that is done, or its files have taken so long: then the VM says so, and it is done when they answer.
  /// False where there is nothing to be read. `last` is how the ledger leaves its QEMU, `deadline` when a lock is not
  /// looked at again.
  func load(
    _ processes: FoundProcesses, last: LastLife, lookingUntil deadline: Instant, within patience: Duration
  ) async -> Bool {
    // Whoever wants something of it has to wait until it is known.
    guard gate.tryEnter() else { return isDefined }
    isUnread = true
    let reading = KeptVMReading(
      name: name, folder: folder, processes: processes, userMonitorSocket: userMonitorSocket,
      deadline: deadline)
    lane.add { [weak self] in
      let kept = reading.perform()
      guard let self else { return }
      executor.queue.async { self.assumeIsolated { $0.haveRead(kept, last) } }
      if let kept, let pid = kept.survivor?.process.pid { offerSockets(pid, kept.saved.machine?.serialPorts) }
    }
    recoveryTimer.arm(at: .now + patience)
    return await withCheckedContinuation { whenRead = $0 }
  }

  /// On the lane, behind the reading: who is asked about a guest first is its QEMU.
  private nonisolated func offerSockets(_ pid: Int32, _ serialPorts: Int?) {
    let outcome = socketOffer(pid, serialPorts ?? 1).perform()
    executor.queue.async { self.assumeIsolated { $0.socketsWereOffered(outcome, pid) } }
  }

  /// Returns when the guest that was found has said how it is, or when the time is up.
  func takeOver(within patience: Duration) async {
    let due = Instant.now + patience
    // Its sockets are offered by then.
    if run?.socketOffer == .asked { _ = await lane.run(within: patience) {} }
    guard lifecycle.isTakingOver else { return }
    recoveryTimer.arm(at: due)
    await withCheckedContinuation { takeOver = $0 }
  }

  func endTakeOver() {
    takeOver?.resume()
    takeOver = nil
    recoveryTimer.arm(at: nil)
  }

  /// Its files, or the guest that was found, have taken too long: nobody waits for them any more.
  func recoveryIsLate() {
    guard isUnread, let waiting = whenRead.take() else { return endTakeOver() }
    let words = "no answer from \(folder.path); what it is and whether it runs is known when that answers"
    Log.note("\(name): \(words)")
    lifecycle.awaitFiles(saying: words)
    announce()
    waiting.resume(returning: true)
  }

  /// Nothing is done to a VM of which nothing is known.
  func refuseUnread(_ verb: String) throws(ControlError) {
    guard isUnread else { return }
    throw .cannot(
      verb, name, lifecycle.cause, .noAnswer,
      advice: ["It goes on by itself when its files answer; give the command again then."])
  }

  private func haveRead(_ kept: KeptVM?, _ last: LastLife) {
    // The supervisor leaves with its guests: the next one reads it again.
    guard !lifecycle.intent.isStandingDown else { return }
    let waiting = whenRead.take()
    recoveryTimer.arm(at: nil)
    let before = report
    isUnread = false
    if let kept {
      goOn(with: kept, last, isLate: waiting == nil)
    } else if waiting == nil {
      services.removed(before)
    }
    waiting?.resume(returning: kept != nil)
    leave()
  }

  private func goOn(with kept: KeptVM, _ last: LastLife, isLate: Bool) {
    let saved = kept.saved
    (record, damage, refusedState) = (kept.record, kept.damage, kept.refusedState)
    for words in kept.messages { note(.message(words)) }
    isForgetting = kept.wish == .forgotten
    adoptHelpers(kept)
    lifecycle = saved.lifecycle
    unsaved.found(kept.stateBytes)
    let survivor = kept.survivor
    if survivor == nil {
      if isForgetting {
        // A `down` that was under way ends here.
        lifecycle.forgetWish()
        announce()
        removeIfForgotten()
        return
      }
      if let refusal = kept.refusal {
        lifecycle.giveUp(saying: refusal)
        keepsState = kept.damage != nil || kept.isWishUnknown
      }
    }
    wish = saved.wish
    startedAt = saved.startedAt ?? survivor?.startedAt
    (lastExit, failedConsole, hadKVM) = (saved.lastExit, saved.failedConsole, saved.hadKVM)
    incidents = IncidentWatch(restarts: lifecycle.intent.restarts)
    // That its files did not answer is what was told last.
    if !tellLostExit(last, survivor?.process), !last.isEndUntold, !isLate { beginNotes() }
    if let survivor {
      // Whoever depends on it may have to end first: that is known when all VMs are.
      if lifecycle.desired == .stopped { lifecycle.intent.heldEnd = HeldEnd(timeout: nil) }
      adopt(survivor, saved)
      refuseMissingHelpers(kept)
    } else {
      begin(kept, last)
    }
    // Known to everyone before the first client is answered.
    announce()
  }

  /// Goes on without a QEMU: what was running starts again, or has failed.
  private func begin(_ kept: KeptVM, _ last: LastLife) {
    let dependencies = record?.definition.dependencies ?? []
    // What was running and has ended does not wait again; a start that was due does, and one at the host's boot.
    if !dependencies.isEmpty,
      kept.isOtherBoot || lifecycle.state == .waiting || lifecycle.state == .starting
    {
      lifecycle.intent.hold = .vms(dependencies.map { UnmetDependency($0.name, $0.condition) })
    }
    let exit = kept.isOtherBoot ? nil : knownExit(of: kept.saved.pid, last)
    if lifecycle.hasProcess, let console = kept.console { failedConsole = console }
    apply(.absent(hostRebooted: kept.isOtherBoot, exit?.status, stderr: exit?.stderr ?? ""))
    if lifecycle.state != .waiting { apply(.release) }
  }

  /// How the QEMU of which the state tells has ended, where the supervisor before has recorded that, and died before it
  /// had kept it.
  private func knownExit(of pid: Int32?, _ last: LastLife) -> LedgerEvent.ExitFacts? {
    guard case .ended(let facts) = last.qemu, facts.pid == pid else { return nil }
    lastExit = facts
    return facts
  }

  /// Records an end that the supervisor before has kept, and died before it was in the ledger; false when there is none.
  private func tellLostExit(_ last: LastLife, _ survivor: ChildProcess?) -> Bool {
    guard var exit = lastExit, last.qemu == .began(pid: exit.pid), survivor?.pid != exit.pid else {
      return false
    }
    exit.isRecordedLate = true
    note(.exited(exit))
    return true
  }

  /// What this VM's QEMU is known by; `running`, the UUID of the one that was last known to run.
  func identity(_ running: UUID?) -> QEMUIdentity {
    KeptVM.identity(of: name, record, running: running)
  }
}

extension Lifecycle {
  /// A VM whose files do not answer a new supervisor: it waits for them, wanted as far as is known.
  mutating func awaitFiles(saying words: String) {
    (intent.desired, intent.heldStart) = (.running, words)
    cause = words
  }
}
