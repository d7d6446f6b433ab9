internal import Glibc
package import Host
internal import Machine

// A new supervisor's first work: every VM of the state folder is known again, every running guest taken back.
extension Supervisor {
  /// Loads what is on disk and takes back what runs; before the control socket listens.
  package func recover() async throws(SystemError) {
    // A ledger that cannot be read costs the words only.
    let untold = (try? ledger.reader.untoldEnds()) ?? []
    recordStart()
    let folders = try state.folders()
    var survivors = findSurvivors(of: folders)
    var adopted: [VirtualMachine] = []
    var taken = Set(survivors.values.map(\.pid))
    for folder in folders {
      let survivor = survivors.removeValue(forKey: folder.id)
      let name: VMName
      do throws(NameError) {
        name = try VMName(id: folder.id)
      } catch {
        Log.note("\(folder.path) is no VM's folder: \(error)")
        continue
      }
      let machine = make(name)
      guard
        let pid = await machine.load(survivor: survivor, isTold: !untold.contains(name), taken: taken)
      else { continue }
      taken.insert(pid)
      adopted.append(machine)
    }
    for (id, process) in survivors {
      Log.note(
        "\(id): QEMU process \(process.pid) runs for a VM that is not in \(state.path); it is left alone")
    }
    await withTaskGroup { group in
      for machine in adopted { group.addTask { await machine.takeOver(within: Self.patience) } }
    }
  }

  /// How long guests that were taken over have to say how they are before anyone is answered.
  private static var patience: Duration { .seconds(1) }

  /// The QEMU of each VM that has one, by the VM's id; held by pidfd, proven by the lock that it holds.
  ///
  /// A lock that is busy without a holder is a child between its fork and its exec, which is short.
  private func findSurvivors(of folders: [VMFolder]) -> [String: ChildProcess] {
    var survivors = scan()
    for folder in folders where survivors[folder.id] == nil {
      let deadline = Instant.now + .seconds(1)
      // A lock that cannot be asked for is taken for free: the start that follows finds out, and says so.
      while (try? FileLock.isHeld(folder.lock)) == true, survivors[folder.id] == nil, Instant.now < deadline {
        usleep(10_000)
        survivors = scan()
      }
    }
    return survivors
  }

  private func scan() -> [String: ChildProcess] {
    let root = state.path + "/vms"
    var survivors: [String: ChildProcess] = [:]
    for (pid, file) in ProcessTable.processes(holding: Launch.lockDescriptor, below: root) {
      let parts = file.dropFirst(root.count + 1).split(separator: "/")
      guard parts.count == 2, parts[1] == "lock", pid != getpid() else { continue }
      // In another mount namespace the same path names another fleet's lock.
      let holder = "/proc/\(pid)/fd/\(Launch.lockDescriptor)"
      guard FileSystem.isSameFile(holder, file) || !FileSystem.exists(file) && FileSystem.isRemoved(holder)
      else {
        continue
      }
      // The pidfd is opened first and the lock looked at again: what it shows is then this very process's.
      guard let process = try? ChildProcess(adopting: pid),
        ProcessTable.heldFile(pid: pid, descriptor: Launch.lockDescriptor) == file,
        ProcessTable.holdsLock(pid: pid, descriptor: Launch.lockDescriptor), !process.hasExited
      else { continue }
      // A wrapper's child may hold the lock as well: what we started leads a session.
      let id = String(parts[0])
      if survivors[id] == nil || getsid(pid) == pid { survivors[id] = process }
    }
    return survivors
  }
}

extension VirtualMachine {
  /// Returns when the guest that was found has said how it is, or when the time is up.
  func takeOver(within patience: Duration) async {
    guard lifecycle.isTakingOver else { return }
    takeOverTimer.arm(at: .now + patience)
    await withCheckedContinuation { takeOver = $0 }
  }

  func endTakeOver() {
    takeOver?.resume()
    takeOver = nil
    takeOverTimer.arm(at: nil)
  }

  /// Goes on where an earlier supervisor left off, and gives the QEMU that it has taken over.
  ///
  /// `found` is this VM's QEMU, if its lock has shown one; `isTold`, whether the ledger has what followed the last
  /// one's end; `taken`, what is other VMs'.
  /// A definition that cannot be read costs a start of this VM, and nothing else: a guest that runs is kept.
  func load(survivor found: ChildProcess?, isTold: Bool, taken: Set<Int32>) -> Int32? {
    do throws(VMRecord.Unreadable) {
      record = try folder.read()
    } catch {
      damage = error
      Log.note("\(name): \(error)")
    }
    // A wish that cannot be read starts nothing and ends nothing.
    var unreadable: SystemError?
    var wanted = found == nil ? VMFolder.Wish.stopped : .running
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
      (saved, isOtherBoot, damage) = try SavedState.read(
        folder, record, desired: desired, survivor: found?.pid)
      if let damage {
        Log.note(damage)
        note(.message(damage))
      }
    } catch {
      refusedState = error
      Log.note("\(name): \(error)")
    }
    lifecycle = saved.lifecycle
    var (survivor, refusal) = (found, damage?.description ?? refusedState?.description)
    if let unreadable, refusal == nil {
      refusal = "whether it is wanted cannot be read: \(unreadable); say so with 'start', 'stop' or 'down'"
    }
    if survivor == nil, !isOtherBoot {
      switch displaced(saved, taken) {
      case nil: break
      case .ours(let process): survivor = process
      case .elsewhere(let words): refusal = words
      }
    }
    if survivor == nil {
      if isForgetting {
        // A `down` that was under way ends here.
        lifecycle.letGo()
        announce()
        settleIfForgotten()
        return nil
      }
      if let refusal { lifecycle.giveUp(saying: refusal) }
    }
    wish = saved.wish
    startedAt = saved.startedAt ?? survivor.flatMap { ProcessTable.startTime(pid: $0.pid) }
    if isTold { beginNotes() }
    if let survivor {
      adopt(survivor, saved)
    } else {
      apply(.absent(hostRebooted: isOtherBoot))
    }
    // Known to everyone before the first client is answered.
    announce()
    return survivor?.pid
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
  /// pid alone says nothing: it is a process with a lock like ours in its hands and this VM's UUID on its command line,
  /// which its monitor must confirm. One whose lock belongs to another VM's folder here, or to a supervisor that lives,
  /// is not ours: this folder is the copy, and what becomes of it is its user's to say.
  private func displaced(_ saved: SavedState, _ taken: Set<Int32>) -> Displaced? {
    guard let pid = saved.pid, let record, let process = try? ChildProcess(adopting: pid),
      let lock = ProcessTable.heldFile(pid: pid, descriptor: Launch.lockDescriptor),
      ProcessTable.holdsLock(pid: pid, descriptor: Launch.lockDescriptor),
      ProcessTable.arguments(pid: pid)?.contains("\(record.uuid)") == true, !process.hasExited
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
