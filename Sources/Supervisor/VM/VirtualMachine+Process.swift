internal import Control
internal import Dispatch
internal import Glibc
internal import Host
internal import JSON
internal import Machine
internal import QMP

// From a launch to a process, and from its end to a cause.
extension VirtualMachine {
  /// Starts QEMU, deciding first how, unless that is known.
  func spawn() {
    // Told in its turn; the announcement comes behind the start, which must not wait for it.
    noteState()
    let attempt = lifecycle.attempt
    sayIfSilent(attempt)
    if let launch, areFilesReady { return spawn(launch) }
    preparations += 1
    Task {
      let result = await makeReady()
      preparations -= 1
      settleIfForgotten()
      // A stop that came meanwhile has won.
      guard lifecycle.attempt == attempt, lifecycle.awaitsSpawn else { return }
      switch result {
      case .success(let launch): spawn(launch)
      case .failure(let error):
        noteRefusal(error, "start")
        spawnFailed(error.sentence)
      }
    }
  }

  /// Says of a start that nobody waits for what it waits for itself.
  private func sayIfSilent(_ attempt: Int) {
    executor.after(Preparation.patience) { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.lifecycle.attempt == attempt, vm.lifecycle.awaitsSpawn, vm.preparations > 0 else { return }
        let place = vm.lane.place.map { ": \($0)" } ?? ""
        vm.tell(
          "no answer from its files for \(Preparation.patience.seconds) s\(place); it starts when they answer"
        )
      }
    }
  }

  /// A start that failed is decided anew the next time.
  ///
  /// Told later on the queue: the lifecycle is still at the input that this start is an effect of.
  private func spawnFailed(_ words: String) {
    launch = nil
    let attempt = lifecycle.attempt
    executor.queue.async { [weak self] in
      self?.assumeIsolated { vm in
        if vm.lifecycle.attempt == attempt { vm.apply(.spawnFailed(words)) }
      }
    }
  }

  /// Decides how QEMU is started, unless that is known, and writes the files it needs of us.
  private func makeReady() async -> Result<Launch, ControlError> {
    do throws(ControlError) {
      if launch == nil, let record {
        let prepared = try await prepare(record, .start, isPatient: true)
        // A definition that came meanwhile has brought its own.
        if launch == nil { launch = prepared }
      }
    } catch {
      return .failure(error)
    }
    guard let launch else {
      return .failure(.cannot("start", name, damage?.description ?? "it has no definition", .damaged))
    }
    let files = launch.files
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in
        for file in files { try file.prepare() }
      }
    } catch {
      return .failure(.cannot("start", name, "a file for QEMU cannot be written: \(error)", .file))
    }
    // Another launch may have taken its place; its files are another matter.
    if self.launch?.arguments == launch.arguments { areFilesReady = true }
    return .success(launch)
  }

  /// Starts QEMU; a busy lock is looked at again for a second.
  ///
  /// It may be in the hands of another VM's child between its fork and its exec, long after its own QEMU's end.
  private func spawn(_ launch: Launch, looks: Int = 100) {
    let attempt = lifecycle.attempt
    let start = ProcessStart(launch: launch, folder: folder)
    preparations += 1
    Task {
      let result = await lane.run { Result { () throws(SystemError) in try start.run() } }
      let isMeant = lifecycle.attempt == attempt && lifecycle.awaitsSpawn
      // A stop that came meanwhile has won: no guest code has run.
      if !isMeant, case .success(let started?) = result { await started.undo() }
      preparations -= 1
      defer { settleIfForgotten() }
      guard isMeant else { return }
      switch result {
      case .success(let started?): take(started, launch)
      case .success(nil): spawnLater(launch, looks: looks - 1)
      case .failure(let error): spawnFailed("cannot start: \(error)")
      }
    }
  }

  private func spawnLater(_ launch: Launch, looks: Int) {
    guard looks > 0 else { return lockStaysHeld() }
    let attempt = lifecycle.attempt
    executor.after(.milliseconds(10)) { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.lifecycle.attempt == attempt, vm.lifecycle.awaitsSpawn else { return }
        vm.spawn(launch, looks: looks)
      }
    }
  }

  /// The start fails, and says whom it has to wait for.
  private func lockStaysHeld() {
    let (attempt, lock) = (lifecycle.attempt, folder.lock)
    Task {
      let holder = await lane.run { LockHolder.describeAny(of: lock) }
      guard lifecycle.attempt == attempt, lifecycle.awaitsSpawn else { return }
      spawnFailed("cannot start: \(holder) holds its lock \(lock); when that is let go, it can be started")
    }
  }

  private func take(_ started: StartedProcess, _ launch: Launch) {
    startedAt = started.begun
    let accelerator = launch.machine.accelerator.rawValue
    note(.spawned(pid: started.process.pid, accelerator: accelerator), at: started.begun)
    let run = Run(
      process: started.process, uuid: launch.machine.uuid, machine: launch.machine.description,
      logStart: started.logStart, consoleStart: started.consoleStart)
    run.listener = started.takeListener()
    take(run)
    apply(.spawned)
    // Which process it is, for all who have heard of the start.
    if self.run != nil { announce() }
  }

  /// Takes back a QEMU that an earlier supervisor started.
  func adopt(_ process: ChildProcess, _ saved: SavedState) {
    let run = Run(
      process: process, uuid: saved.uuid, machine: saved.machine,
      logStart: FileSystem.size(of: folder.qemuLog),
      consoleStart: saved.consoleStart ?? 0)
    take(run)
    Log.note("\(name): taken over, QEMU is process \(process.pid)")
    note(.adopted(pid: process.pid))
    apply(.adopted)
  }

  /// Watches a process, connects to its monitor and offers its console.
  ///
  /// What fails costs only itself: a process that lives is never lost from sight. One that cannot be asked is ended
  /// by signals when it is to end.
  private func take(_ run: Run) {
    self.run = run
    lifecycle.hasPowerButton = run.machine?.hasPowerButton ?? true
    watch(run)
    do throws(SystemError) {
      try connect(run)
    } catch {
      loseMonitor(of: run, "\(error)")
    }
    keepLogs()
    offerSockets(of: run)
  }

  func watch(_ run: Run) {
    run.exitWatch = run.process.onExit(queue: executor.queue) { [weak self] status in
      self?.assumeIsolated { $0.processEnded(status) }
    }
  }

  /// Connects to QEMU's monitor by the place that it holds, which is its own whatever has become of the path.
  private func connect(_ run: Run) throws(SystemError) {
    let own = Launch.path(to: Launch.monitorPlace, of: run.process.pid)
    // Of a QEMU on its way out nothing is there any more: its path in the state folder would lead nowhere either.
    let path = run.monitorPath ?? (FileSystem.exists(own) ? own : folder.monitorSocket)
    run.monitorPath = path
    let socket: FileDescriptor
    do throws(SystemError) {
      socket = try UnixSocket.connect(to: path, .forOurselves)
    } catch {
      guard Self.passing.contains(error.code) else { throw error }
      return connectLater(run)
    }
    // Microseconds since the boot: no connection to this QEMU before has counted as far.
    let connection = QMPConnection(
      socket, executor: executor, firstID: Int(Instant.now.nanoseconds / 1000))
    run.connection = connection
    run.hasNegotiated = false
    run.runStateQuestion = .none
    connection.assumeIsolated {
      $0.onEvent { [weak self] event in self?.assumeIsolated { $0.receive(event) } }
      $0.onClose { [weak self] how in self?.assumeIsolated { $0.monitorClosed(how) } }
    }
  }

  /// What passes by itself: supervisors that died while QEMU took no connection have filled its backlog, or the system
  /// has no descriptor or memory to give.
  private static let passing = [EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM]

  /// Tries again, ever more rarely.
  private func connectLater(_ run: Run) {
    let pid = run.process.pid
    executor.after(run.connectDelay) { [weak self] in
      self?.assumeIsolated { vm in
        guard let run = vm.run, run.process.pid == pid else { return }
        do throws(SystemError) {
          try vm.connect(run)
          vm.negotiate()
        } catch {
          vm.loseMonitor(of: run, "\(error)")
        }
      }
    }
    run.connectDelay = min(run.connectDelay * 2, .seconds(5))
  }

  func monitorClosed(_ how: QMPDisconnection) {
    guard let run else { return }
    if let status = run.exitStatus { return conclude(run, status) }
    lookForEndSoon(run)
    if !run.hasNegotiated { run.failedConnections += 1 }
    guard run.failedConnections < 3 else { return loseMonitor(of: run, "\(how)") }
    // One that ends each connection as soon as it is made must not keep us at it.
    guard run.reconnections.take(at: .now) else {
      run.lostConnection = how
      let pid = run.process.pid
      executor.after(run.reconnections.due() - .now) { [weak self] in
        self?.assumeIsolated { vm in
          if vm.run?.process.pid == pid, vm.run?.exitStatus == nil { vm.monitorClosed(how) }
        }
      }
      return
    }
    // Most likely QEMU ends, and takes no connection any more. One that lives is asked again.
    do throws(SystemError) {
      try connect(run)
    } catch {
      return loseMonitor(of: run, "\(how)")
    }
    run.lostConnection = how
    negotiate()
  }

  /// A QEMU that ends closes its monitor a moment before it is gone: one that is there still cannot be asked any more.
  private static let timeToEnd = Duration.seconds(1)

  /// Nothing connects to QEMU's monitor any more, for a reason in words: the lifecycle goes on without it.
  private func loseMonitor(of run: Run, _ words: String) {
    let pid = run.process.pid
    executor.after(Self.timeToEnd) { [weak self] in
      self?.assumeIsolated { vm in
        guard let run = vm.run, run.process.pid == pid, run.exitStatus == nil,
          run.connection?.assumeIsolated({ $0.disconnection == nil }) != true
        else { return }
        Log.note("\(vm.name): its QEMU, process \(pid), cannot be asked any more: \(words)")
        vm.apply(.monitorLost(words))
      }
    }
  }
}
