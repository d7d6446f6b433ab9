internal import Control
package import Host
internal import Machine

// A new supervisor's first work: every VM of the state folder is known again, every running guest taken back.
extension Supervisor {
  /// Loads what is on disk and takes back what runs; before the control socket listens.
  ///
  /// All VMs at the same time: one whose files do not answer holds up nobody, and is known when they do.
  package func recover() async throws(SystemError) {
    let (folders, leftovers) = try state.folders()
    var vms: [(name: VMName, id: String)] = []
    for folder in folders {
      do throws(NameError) {
        vms.append((try VMName(id: folder.id), folder.id))
      } catch {
        Log.note("\(folder.path) is no VM's folder: \(error)")
      }
    }
    // A ledger that cannot be read costs the words only.
    let lives = (try? ledger.reader.lastLives(of: Set(vms.map(\.name.full)))) ?? [:]
    recordStart()
    await jobs.recover()
    images.clear()
    clearDiskDrafts()
    isRecovering = true
    try loadLabs()
    let processes = FoundProcesses(in: state.path)
    await removeLeftovers(leftovers)
    let machines = vms.map { make($0.name) }
    // A lock that is not clear yet is looked at again for a second at most, however many there are.
    let deadline = Instant.now + .seconds(1)
    await adoptNetworks(processes, lookingUntil: deadline)
    await atOnce(machines) { machine in
      let last = lives[machine.name.full] ?? LastLife()
      let isThere = await machine.load(
        processes, last: last, lookingUntil: deadline, within: Self.patienceWithFiles)
      if !isThere { await self.dropIfUnused(machine) }
    }
    noteStrangers(processes, besides: Set(folders.map(\.id)))
    await keepPromises()
    reviewAll()
    await reviewNetworks()
    await withTaskGroup { group in
      for machine in machines { group.addTask { await machine.takeOver(within: Self.patience) } }
    }
    // Nobody waits for it: it looks at the disks of all VMs.
    Task { await removeNamelessImages() }
  }

  /// How long guests that were taken over have to say how they are before anyone is answered, and a VM's files to
  /// answer.
  private static var patience: Duration { .seconds(1) }
  private static var patienceWithFiles: Duration { .seconds(1) }

  /// How many are read at the same time: each has a thread of its own meanwhile.
  private static let mostAtOnce = 16

  /// Does something to all of these VMs, to a few at the same time.
  private func atOnce(
    _ machines: [VirtualMachine], _ body: @escaping @Sendable (VirtualMachine) async -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, machine) in machines.enumerated() {
        if index >= Self.mostAtOnce { await group.next() }
        group.addTask { await body(machine) }
      }
    }
  }

  /// Removes what an earlier supervisor left half made, on the lanes of the VMs whose it is: what they do with such a
  /// folder themselves comes behind that.
  private func removeLeftovers(_ leftovers: [(path: String, id: String)]) async {
    await withTaskGroup { group in
      for (path, id) in leftovers {
        // One that is no VM's is in no VM's way.
        let lane = lanes[(try? VMName(id: id)).map(VirtualMachine.filesLane) ?? "the folder \(path)"]
        group.addTask {
          _ = await lane.run(within: Self.patienceWithFiles, isLasting: true) {
            // What cannot go now goes later.
            try? FileSystem.removeTree(path)
          }
        }
      }
    }
  }

  /// Tells of those who hold the lock of what is no VM.
  private func noteStrangers(_ processes: FoundProcesses, besides ids: Set<String>) {
    for (id, pids) in processes.folders(in: "vms") where !ids.contains(id) {
      let (lock, path) = (state.folder(of: id).lock, state.path)
      lanes["the folder \(lock)"].add {
        for holder in pids.compactMap({ LockHolder(pid: $0, of: lock) }) {
          Log.note("\(holder) holds the lock of \(id), a VM that is not in \(path); it is left alone")
        }
      }
    }
  }
}
