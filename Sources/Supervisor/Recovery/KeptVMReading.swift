internal import Control
internal import Host
internal import Machine

/// The reading of what an earlier supervisor has left of a VM, to be done on the lane of its files.
struct KeptVMReading: Sendable {
  let name: VMName
  let folder: VMFolder
  let processes: FoundProcesses

  /// The link by which users reach QEMU's monitor.
  let userMonitorSocket: String

  /// Until when a lock is looked at again that is between a child's fork and its exec.
  let deadline: Instant

  /// Nil where there is no VM's folder; it blocks.
  ///
  /// A definition that cannot be read costs a start of this VM, and nothing else: a guest that runs is kept.
  func perform() -> KeptVM? {
    guard FileSystem.mayBeDirectory(folder.path) else { return nil }
    // What a link leads to is not ours to clear.
    if FileSystem.linkTarget(folder.path) == nil { folder.clearDrafts() }
    let holders = LockHolder.settled(
      of: folder.lock, found: processes.holders(of: "vms/" + folder.id), lookingUntil: deadline)
    var kept = readFiles(isRunning: !holders.isEmpty)
    let identity = KeptVM.identity(of: name, kept.record, running: kept.saved.uuid)
    var found = identity.qemu(among: holders).map { ($0.process, $0.words) }
    for holder in holders where holder.process.pid != found?.0.pid {
      Log.note("\(name): \(holder) holds its lock as well, or instead of its QEMU; it is left alone")
    }
    // Of one that is taken back from elsewhere all holds that was kept.
    if let (process, _) = found { kept.saved.meet(process.pid, in: folder) }
    if found == nil, !kept.isOtherBoot {
      switch qemuWithMovedLock(kept.saved, identity) {
      case nil: break
      case .ours(let process, let line, let words):
        found = (process, line)
        kept.messages.append(words)
      case .elsewhere(let words): kept.refusal = words
      }
    }
    if let (process, words) = found {
      // What cannot be read is written anew.
      kept.stateBytes = try? FileSystem.read(folder.state)
      kept.survivor = KeptVM.Survivor(
        process: process, words: words,
        startedAt: kept.saved.startedAt ?? ProcessTable.startTime(pid: process.pid),
        logStart: FileSystem.size(of: folder.qemuLog),
        monitor: MonitorCall(pid: process.pid, path: nil, folder: folder).perform())
    } else {
      // It would lead to whoever listens there next.
      _ = try? FileSystem.remove(userMonitorSocket)
      kept.console = lastConsole(kept.saved)
    }
    findHelpers(&kept)
    return kept
  }

  private func readFiles(isRunning: Bool) -> KeptVM {
    var record: VMRecord?
    var damage: VMRecord.Unreadable?
    do throws(VMRecord.Unreadable) {
      record = try folder.read()
    } catch {
      damage = error
      Log.note("\(name): \(error)")
    }
    // A wish that cannot be read starts nothing and ends nothing.
    var wish = isRunning ? VMFolder.Wish.running : .stopped
    var unreadable: SystemError?
    do throws(SystemError) {
      wish = try folder.wish()
    } catch {
      unreadable = error
      Log.note("\(name): whether it is wanted cannot be read: \(error)")
    }
    var kept = KeptVM(wish, record, in: folder)
    kept.damage = damage
    kept.isWishUnknown = unreadable != nil
    do throws(SavedState.Unreadable) {
      let desired = kept.saved.lifecycle.desired
      var words: String?
      (kept.saved, kept.isOtherBoot, words) = try SavedState.read(folder, record, desired: desired)
      if let words {
        Log.note(words)
        kept.messages.append(words)
      }
    } catch {
      kept.refusedState = error
      Log.note("\(name): \(error)")
    }
    kept.refusal = damage?.description ?? kept.refusedState?.description
    if let unreadable, kept.refusal == nil {
      kept.refusal =
        "whether it is wanted cannot be read: \(unreadable); say so with 'start', 'stop' or 'down'"
    }
    return kept
  }

  /// The processes that hold the lock of one of its helpers and have that helper's command line.
  private func findHelpers(_ kept: inout KeptVM) {
    let words = kept.survivor?.words ?? []
    // A folder that cannot be listed tells of none.
    for name in (try? FileSystem.names(in: folder.path)) ?? [] where !name.contains(".") {
      guard let declaration = HelperDeclaration.recorded(in: folder.helper(name)) else { continue }
      let holders = LockHolder.settled(
        of: declaration.lock, found: processes.holders(of: "vms/\(folder.id)/\(name)"),
        lookingUntil: deadline)
      // A script may stand before the program, until it has become that; and one may have made a child of its own, which
      // has all that it has.
      let own = holders.filter { $0.words.suffix(declaration.arguments.count) == declaration.arguments[...] }
      let pids = Set(own.map(\.process.pid))
      let first = own.first { holder in
        ProcessTable.parent(of: holder.process.pid).map(pids.contains) != true
      }
      for holder in holders where !pids.contains(holder.process.pid) {
        Log.note("\(self.name): \(holder) holds the lock of \(declaration.title); it is left alone")
      }
      if let own = first {
        kept.helpers.append(
          KeptVM.FoundHelper(
            name: name, declaration: declaration, process: own.process, words: own.words))
      } else if words.contains(where: { $0.contains(declaration.folder + "/") }) {
        // QEMU was told where it is; the kept state may be older than that.
        kept.missingHelpers.append(declaration.title)
      }
    }
  }

  /// What stood last on the console of a guest that was running when it was last seen.
  private func lastConsole(_ saved: SavedState) -> [String]? {
    guard saved.lifecycle.hasProcess, saved.lifecycle.ending?.isWished != true, let start = saved.consoleStart
    else { return nil }
    return FailedConsole.lines(of: folder.consoleLog, from: start)
  }

  /// A QEMU whose lock is not in its place any more.
  private enum MovedLock {
    /// With its command line, and what is to be said of it.
    case ours(ChildProcess, [String], String)

    /// It belongs to another folder; in words.
    case elsewhere(String)
  }

  /// The QEMU that was last known, when its lock is not in its place any more.
  ///
  /// The state folder was restored from a copy, or somebody has moved the file: a second one must not be started. Its
  /// pid alone says nothing: it is a process with a lock like ours in its hands and this VM's name and UUID on its
  /// command line, which its monitor must confirm. One whose lock belongs to another VM's folder here, or to a supervisor that lives,
  /// is not ours: this folder is the copy, and what becomes of it is its user's to say.
  private func qemuWithMovedLock(_ saved: SavedState, _ identity: QEMUIdentity) -> MovedLock? {
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
    guard !isOthers, processes.take(pid, forVM: folder.id) else {
      return .elsewhere(
        "this folder is a copy: its QEMU, process \(pid), belongs to \(other); 'start' starts another one here"
      )
    }
    let words = "its QEMU, process \(pid), holds \(lock) and not \(folder.lock)"
    Log.note("\(name): \(words)")
    return .ours(process, line, words)
  }

  private static func stateFolder(of folder: String) -> String {
    FileSystem.parent(of: FileSystem.parent(of: folder))
  }
}
