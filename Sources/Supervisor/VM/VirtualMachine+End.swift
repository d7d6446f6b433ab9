internal import Control
internal import Host
internal import Machine
internal import QMP

// An end of QEMU that its watch has missed: the kernel may refuse one (epoll_ctl(2), ENOSPC), and Dispatch does not
// tell. It is seen when QEMU hangs up, or when something else is due.
extension VirtualMachine {
  /// How long a QEMU that has hung up may take to be gone, looked at twice.
  private static let lastMoments: [Duration] = [.milliseconds(200), .seconds(2)]

  /// Takes the end of a QEMU that has ended; false when there is none to take.
  @discardableResult
  func lookForEnd() -> Bool {
    guard let run, run.exitStatus == nil, let status = run.process.wait(until: .now) else { return false }
    Log.note("\(name): the end of its QEMU, process \(run.process.pid), came without a word from the kernel")
    run.exitWatch?.cancel()
    processEnded(status)
    return true
  }

  /// Looks for the end of a QEMU whose monitor was closed.
  func lookForEndSoon(_ run: Run) {
    let pid = run.process.pid
    for moment in Self.lastMoments {
      executor.after(moment) { [weak self] in
        self?.assumeIsolated { vm in
          if vm.run?.process.pid == pid { vm.lookForEnd() }
        }
      }
    }
  }
}

// What follows when a VM's process has ended.
extension VirtualMachine {
  func processEnded(_ status: ExitStatus) {
    guard let run else { return }
    run.exitStatus = status
    // A connection that QEMU never accepted waits in this socket, and ends with it.
    run.listener = nil
    // QEMU's last events may still be unread: its end of the monitor comes behind them, and concludes.
    run.connection?.assumeIsolated { _ = $0.readWaiting() }
    guard self.run === run else { return }
    let isOpen = run.connection?.assumeIsolated { $0.disconnection == nil } == true
    if isOpen { lookForHeir(run, status) } else { conclude(run, status) }
  }

  /// A monitor that is open behind its process's end is a wrapper's QEMU's, or has more to say.
  private func lookForHeir(_ run: Run, _ status: ExitStatus) {
    let heir = heir(of: run)
    let ended = run.process
    Task {
      let found = await lane.run(within: Self.diskPatience) { heir() }
      // Its monitor may have closed meanwhile: then the same is being found out there.
      guard isEnd(of: ended, in: run), !run.isConcluding else { return }
      if let heir = found ?? nil { return goOn(run, with: heir, status) }
      // Somebody else holds its monitor open, as a child that has inherited it does.
      executor.after(Self.diskPatience) { [weak self] in
        self?.assumeIsolated { vm in
          guard let run = vm.run, run.process === ended, run.exitStatus != nil else { return }
          vm.conclude(run, status)
        }
      }
    }
  }

  /// Whether what was found out of a process's end still is about that end.
  private func isEnd(of process: ChildProcess, in run: Run) -> Bool {
    self.run === run && run.process === process && run.exitStatus != nil
  }

  /// Finds who is the VM's QEMU although its process has ended: nobody where its lock is free; it blocks.
  private func heir(of run: Run) -> @Sendable () -> ChildProcess? {
    let (lock, identity) = (folder.lock, identity(run.uuid))
    return {
      // A lock that cannot be asked for is taken for free, as at a start, which finds out.
      guard (try? FileLock.isHeld(lock)) == true else { return nil }
      return identity.qemu(among: LockHolder.holders(of: lock))?.process
    }
  }

  /// A wrapper that has started QEMU as its child has ended before it: the child is the VM's QEMU.
  private func goOn(_ run: Run, with heir: ChildProcess, _ status: ExitStatus) {
    let words = "the program started as its QEMU, process \(run.process.pid), has ended"
    Log.note("\(name): \(words): \(status)")
    note(.message("\(words); its QEMU goes on as process \(heir.pid)"))
    run.process = heir
    run.exitStatus = nil
    run.isConcluding = false
    run.monitorPath = nil
    run.isConnecting = false
    run.socketOffer = .none
    watch(run)
    note(.adopted(pid: heir.pid))
    if run.connection?.assumeIsolated({ $0.disconnection == nil }) != true { monitorClosed(.peerGone) }
    keepLogs()
    offerSockets(of: run)
    // What was sent to the wrapper was not QEMU's.
    if case .signal(let number)? = lifecycle.process.course?.step.action { signal(number, tries: 3) }
    announce()
  }

  /// Signals QEMU; what the kernel refuses is tried again a moment later, and told when it is refused once more.
  func signal(_ number: Int32, tries: Int) {
    guard let process = run?.process else { return }
    do throws(SystemError) {
      try process.send(number)
    } catch {
      guard tries > 1 else {
        return tell("QEMU, process \(process.pid), cannot be sent \(Signal.name(number)): \(error)")
      }
      executor.after(Self.signalPause) { [weak self] in
        self?.assumeIsolated { vm in
          guard vm.run?.process === process, vm.lifecycle.process.course != nil else { return }
          vm.signal(number, tries: tries - 1)
        }
      }
    }
  }

  private static let signalPause = Duration.milliseconds(200)

  /// What is found out of an end.
  private enum End: Sendable {
    case heir(ChildProcess)

    /// QEMU's last words, and its guest's.
    case words(QEMUMessage, console: [String])
  }

  /// How long all processes of the host may take to be looked at.
  private static let holderPatience = Duration.seconds(10)

  /// What the end was like stands on a disk, which has a moment to answer.
  func conclude(_ run: Run, _ status: ExitStatus) {
    guard !run.isConcluding else { return }
    run.isConcluding = true
    let heir = heir(of: run)
    let (log, start, folder) = (folder.qemuLog, run.logStart, folder.path)
    let (console, consoleStart) = (self.folder.consoleLog, run.consoleStart)
    let images = lifecycle.state == .starting ? launch?.images : nil
    let devices = run.machine?.devices ?? []
    let sockets = ownSockets + sharedSockets
    let ended = run.process
    Task {
      let end = await lane.run(within: Self.diskPatience) { () -> End in
        if let heir = heir() { return .heir(heir) }
        // QEMU unlinks its sockets only at a clean exit.
        for path in sockets { _ = try? FileSystem.remove(path) }  // Each start removes it again.
        ThrownAwayDisks.remove(in: folder)
        return .words(
          QEMULog.lastMessage(in: log, from: start),
          console: FailedConsole.lines(of: console, from: consoleStart))
      }
      // Of one that refused to start: who holds an image that it found locked. All processes are looked at for that,
      // which may take longer than the words have.
      var holder: String?
      if case .words(let message, _)? = end, let image = message.lockedImage, let images {
        holder = await lane.run(within: Self.holderPatience) { images.holder(of: image) }
      }
      guard isEnd(of: ended, in: run) else { return }
      if case .heir(let process)? = end { return goOn(run, with: process, status) }
      let helper = await endHelpers()
      guard isEnd(of: ended, in: run) else { return }
      if let helper { lifecycle.blameHelper(helper) }
      if case .words(let message, let console)? = end {
        finish(run, status, message.text(devices: devices, because: holder), console)
      } else {
        finish(run, status, "", [])
      }
    }
  }

  private func finish(_ run: Run, _ status: ExitStatus, _ words: String, _ console: [String]) {
    self.run = nil
    // Whatever it refused to start with is decided anew.
    if lifecycle.state == .starting { launch = nil }
    endWatches(of: run)
    if lifecycle.ending?.isWished != true { failedConsole = console }
    noteExit(of: run, status, words)
    apply(.exited(status, stderr: words))
  }

  /// Ends all that watches a QEMU or is connected to it.
  func endWatches(of run: Run) {
    run.exitWatch?.cancel()
    run.endUnplug()
    run.connection?.assumeIsolated { $0.close() }
    run.closeConsoles()
    for token in run.socketWatches { services.files.cancel(token) }
    run.socketWatches = []
    endConsoleWatch(of: run)
    releaseLogs()
  }
}
