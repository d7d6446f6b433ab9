internal import Control
internal import Glibc
package import Host
internal import Machine

// A new supervisor's first work: every VM of the state folder is known again, every running guest taken back.
extension Supervisor {
  /// Loads what is on disk and takes back what runs; before the control socket listens.
  package func recover() async throws(SystemError) {
    let folders = try state.folders()
    // A name that is none is told of below. A ledger that cannot be read costs the words only.
    let names = Set(folders.compactMap { (try? VMName(id: $0.id))?.full })
    let lives = (try? ledger.reader.lastLives(of: names)) ?? [:]
    recordStart()
    await jobs.recover()
    images.clear()
    isRecovering = true
    try loadLabs()
    var holders = findHolders(of: folders)
    var adopted: [VirtualMachine] = []
    var taken = Set(holders.values.joined().map(\.process.pid))
    for folder in folders {
      let own = holders.removeValue(forKey: folder.id) ?? []
      let name: VMName
      do throws(NameError) {
        name = try VMName(id: folder.id)
      } catch {
        Log.note("\(folder.path) is no VM's folder: \(error)")
        continue
      }
      let machine = make(name)
      guard let pid = await machine.load(holders: own, last: lives[name.full] ?? LastLife(), taken: taken)
      else { continue }
      taken.insert(pid)
      adopted.append(machine)
    }
    for (id, holders) in holders {
      for holder in holders {
        Log.note("\(holder) holds the lock of \(id), a VM that is not in \(state.path); it is left alone")
      }
    }
    await keepPromises()
    reviewAll()
    await withTaskGroup { group in
      for machine in adopted { group.addTask { await machine.takeOver(within: Self.patience) } }
    }
    // Nobody waits for it: it looks at the disks of all VMs.
    Task { await removeNamelessImages() }
  }

  /// How long guests that were taken over have to say how they are before anyone is answered.
  private static var patience: Duration { .seconds(1) }

  /// The processes that hold each VM's lock where its QEMU does, by the VM's id.
  ///
  /// A lock that is busy without one, or in the hands of a child that is still its supervisor's copy, is between that
  /// child's fork and its exec, which is short: all of them together are waited for, for a second at most, before
  /// anybody is served. Neither a lock that comes free nor an exec tells of itself, so they are looked at again.
  private func findHolders(of folders: [VMFolder]) -> [String: [LockHolder]] {
    var holders = scan()
    let deadline = Instant.now + .seconds(1)
    var unclear = folders
    while true {
      unclear = unclear.filter { folder in
        if let found = holders[folder.id] { return found.contains(where: \.isBeforeExec) }
        // A lock that cannot be asked for is taken for free: the start that follows finds out, and says so.
        return (try? FileLock.isHeld(folder.lock)) == true
      }
      if unclear.isEmpty || Instant.now >= deadline { return holders }
      usleep(10_000)
      holders = scan()
    }
  }

  private func scan() -> [String: [LockHolder]] {
    let root = state.path + "/vms"
    var holders: [String: [LockHolder]] = [:]
    for (pid, file) in ProcessTable.processes(holding: Launch.lockDescriptor, below: root) {
      let parts = file.dropFirst(root.count + 1).split(separator: "/")
      guard parts.count == 2, parts[1] == "lock", let holder = LockHolder(pid: pid, of: file) else {
        continue
      }
      holders[String(parts[0]), default: []].append(holder)
    }
    return holders
  }
}
