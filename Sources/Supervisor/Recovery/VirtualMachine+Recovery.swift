internal import Control
internal import Host
internal import Machine

// How a VM goes on where an earlier supervisor left off.
extension VirtualMachine {
  /// Returns when the guest that was found has said how it is, or when the time is up.
  func takeOver(within patience: Duration) async {
    let due = Instant.now + patience
    // Its sockets are offered by then.
    _ = await lane.run(within: patience) {}
    guard lifecycle.isTakingOver else { return }
    takeOverTimer.arm(at: due)
    await withCheckedContinuation { takeOver = $0 }
  }

  func endTakeOver() {
    takeOver?.resume()
    takeOver = nil
    takeOverTimer.arm(at: nil)
  }

  /// Goes on where an earlier supervisor left off, and gives the QEMU that it has taken over.
  ///
  /// `holders` are those who hold this VM's lock; `last` is how the ledger leaves its QEMU; `taken`, what is other VMs'.
  /// A definition that cannot be read costs a start of this VM, and nothing else: a guest that runs is kept.
  func load(holders: [LockHolder], last: LastLife, taken: Set<Int32>) -> Int32? {
    // Before anybody is served: whoever has a queue in common with this VM is loaded behind it in any case.
    SharedQueues.allowBlocking { loadFiles(holders: holders, last: last, taken: taken) }
  }

  private func loadFiles(holders: [LockHolder], last: LastLife, taken: Set<Int32>) -> Int32? {
    do throws(VMRecord.Unreadable) {
      record = try folder.read()
    } catch {
      damage = error
      Log.note("\(name): \(error)")
    }
    // A wish that cannot be read starts nothing and ends nothing.
    var unreadable: SystemError?
    var wanted = holders.isEmpty ? VMFolder.Wish.stopped : .running
    do throws(SystemError) {
      wanted = try folder.wish()
    } catch {
      unreadable = error
      Log.note("\(name): whether it is wanted cannot be read: \(error)")
    }
    isForgetting = wanted == .forgotten
    let desired: DesiredState = wanted == .running ? .running : .stopped
    var (saved, isOtherBoot) = (SavedState.nothing(folder, record, desired: desired), false)
    do throws(SavedState.Unreadable) {
      var damage: String?
      (saved, isOtherBoot, damage) = try SavedState.read(folder, record, desired: desired)
      if let damage {
        Log.note(damage)
        note(.message(damage))
      }
    } catch {
      refusedState = error
      Log.note("\(name): \(error)")
    }
    let identity = identity(saved.uuid)
    let found = identity.qemu(among: holders)
    var survivor = found?.process
    for holder in holders where holder.process.pid != survivor?.pid {
      Log.note("\(name): \(holder) holds its lock as well, or instead of its QEMU; it is left alone")
    }
    if let survivor { saved.meet(survivor.pid, in: folder) }
    lifecycle = saved.lifecycle
    var refusal = damage?.description ?? refusedState?.description
    if let unreadable, refusal == nil {
      refusal = "whether it is wanted cannot be read: \(unreadable); say so with 'start', 'stop' or 'down'"
    }
    if survivor == nil, !isOtherBoot {
      switch displaced(saved, identity, taken) {
      case nil: break
      case .ours(let process): survivor = process
      case .elsewhere(let words): refusal = words
      }
    }
    if survivor == nil {
      // It would lead to whoever listens there next.
      _ = try? FileSystem.remove(userMonitorSocket)
      if isForgetting {
        // A `down` that was under way ends here.
        lifecycle.letGo()
        announce()
        settleIfForgotten()
        return nil
      }
      if let refusal {
        lifecycle.giveUp(saying: refusal)
        keepsState = damage != nil || unreadable != nil
      }
    }
    wish = saved.wish
    startedAt = saved.startedAt ?? survivor.flatMap { ProcessTable.startTime(pid: $0.pid) }
    (lastExit, failedConsole) = (saved.lastExit, saved.failedConsole)
    if !tellLostExit(last, survivor), !last.isEndUntold { beginNotes() }
    if let survivor {
      // Whoever depends on it may have to end first: that is known when all VMs are.
      if lifecycle.desired == .stopped { lifecycle.heldEnd = HeldEnd(timeout: nil) }
      let words = found?.words ?? ProcessTable.arguments(pid: survivor.pid) ?? []
      adopt(survivor, words, saved, logStart: FileSystem.size(of: folder.qemuLog))
    } else {
      let dependencies = record?.definition.dependencies ?? []
      // What was running and has ended does not wait again; a start that was due does, and one at the host's boot.
      if !dependencies.isEmpty, isOtherBoot || lifecycle.state == .waiting || lifecycle.state == .starting {
        let unmet = dependencies.map { UnmetDependency($0.name, $0.condition) }
        lifecycle.hold = .vms(unmet)
      }
      let exit = isOtherBoot ? nil : knownExit(of: saved.pid, last)
      if lifecycle.hasProcess, lifecycle.ending?.isWished != true, let start = saved.consoleStart {
        failedConsole = lastConsole(from: start)
      }
      apply(.absent(hostRebooted: isOtherBoot, exit?.status, stderr: exit?.stderr ?? ""))
      if lifecycle.state != .waiting { apply(.release) }
    }
    // Known to everyone before the first client is answered.
    announce()
    return survivor?.pid
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
    exit.isToldLate = true
    note(.exited(exit))
    return true
  }

  /// What this VM's QEMU is known by; `running`, the UUID of the one that was last known to run.
  ///
  /// Where no file tells a UUID, the name on the command line must do, and the monitor's answer.
  func identity(_ running: UUID?) -> QEMUIdentity {
    QEMUIdentity(
      guest: record?.definition.name.name ?? name.name, uuids: [record?.uuid, running].compactMap { $0 })
  }

  /// A QEMU whose lock is not in its place any more.
  private enum Displaced {
    case ours(ChildProcess)

    /// It belongs to another folder; in words.
    case elsewhere(String)
  }

  /// The QEMU that was last known, when its lock is not in its place any more.
  ///
  /// The state folder was restored from a copy, or somebody has moved the file: a second one must not be started. Its
  /// pid alone says nothing: it is a process with a lock like ours in its hands and this VM's name and UUID on its
  /// command line, which its monitor must confirm. One whose lock belongs to another VM's folder here, or to a supervisor that lives,
  /// is not ours: this folder is the copy, and what becomes of it is its user's to say.
  private func displaced(
    _ saved: SavedState, _ identity: QEMUIdentity, _ taken: Set<Int32>
  ) -> Displaced? {
    guard let pid = saved.pid, !identity.uuids.isEmpty, let process = try? ChildProcess(adopting: pid),
      let lock = ProcessTable.heldFile(pid: pid, descriptor: Launch.lockDescriptor),
      ProcessTable.holdsLock(pid: pid, descriptor: Launch.lockDescriptor),
      let line = ProcessTable.arguments(pid: pid), identity.match(line) != nil, !process.hasExited
    else { return nil }
    let other = FileSystem.parent(of: lock)
    let (root, home) = (Self.stateFolder(of: other), Self.stateFolder(of: folder.path))
    let isHome = FileSystem.isSameFile(root, home)
    let isOthers =
      isHome
      ? !FileSystem.isSameFile(other, folder.path) && FileSystem.exists(other + "/definition.json")
      : ProcessLock.holder(Locations.supervisorLock(in: root)) != nil
    if isOthers || taken.contains(pid) {
      return .elsewhere(
        "this folder is a copy: its QEMU, process \(pid), belongs to \(other); 'start' starts another one here"
      )
    }
    let words = "its QEMU, process \(pid), holds \(lock) and not \(folder.lock)"
    Log.note("\(name): \(words)")
    note(.message(words))
    return .ours(process)
  }

  private static func stateFolder(of folder: String) -> String {
    FileSystem.parent(of: FileSystem.parent(of: folder))
  }
}
