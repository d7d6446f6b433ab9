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
    if let launch, areFilesReady { return spawn(launch) }
    let attempt = lifecycle.attempt
    preparations += 1
    Task {
      let result = await makeReady()
      preparations -= 1
      settleIfForgotten()
      // A stop that came meanwhile has won.
      guard lifecycle.attempt == attempt, lifecycle.awaitsSpawn else { return }
      switch result {
      case .success(let launch):
        spawn(launch)
        // Which process it is, for all who have heard of the start.
        if run != nil { announce() }
      case .failure(let error): spawnFailed(error.reason(about: name))
      }
    }
  }

  /// A start that failed is decided anew the next time; told behind what is being done, which it must not nest in.
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
        let prepared = try await surroundings.prepare(record, folder, .start)
        // A definition that came meanwhile has brought its own.
        if launch == nil { launch = prepared }
      }
    } catch {
      return .failure(error)
    }
    guard let launch else {
      return .failure(ControlError(.failed, "cannot start: \(damage?.description ?? "it has no definition")"))
    }
    let files = launch.machine.filesToPrepare
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in
        for file in files { try file.prepare() }
      }
    } catch {
      return .failure(ControlError(.failed, "cannot start: a file for QEMU cannot be written: \(error)"))
    }
    // Another launch may have taken its place; its files are another matter.
    if self.launch?.arguments == launch.arguments { areFilesReady = true }
    return .success(launch)
  }

  /// Starts QEMU; a busy lock is looked at again for a second.
  ///
  /// It may be in the hands of another VM's child between its fork and its exec, long after its own QEMU's end.
  private func spawn(_ launch: Launch, looks: Int = 100) {
    let run: Run
    // Nothing that QEMU says is older.
    let begun = Timestamp.now
    do throws(SystemError) {
      guard let started = try start(launch) else {
        guard looks > 0 else {
          return spawnFailed("cannot start: a process that is not known here holds \(folder.lock)")
        }
        let attempt = lifecycle.attempt
        executor.after(.milliseconds(10)) { [weak self] in
          self?.assumeIsolated { vm in
            guard vm.lifecycle.attempt == attempt, vm.lifecycle.awaitsSpawn else { return }
            vm.spawn(launch, looks: looks - 1)
          }
        }
        return
      }
      run = started
    } catch {
      return spawnFailed("cannot start: \(error)")
    }
    startedAt = begun
    note(.spawned(pid: run.process.pid, accelerator: launch.machine.accelerator.rawValue), at: begun)
    take(run)
    apply(.spawned)
  }

  /// Starts QEMU with the VM's lock in its hands; nil when somebody else has it.
  private func start(_ launch: Launch) throws(SystemError) -> Run? {
    guard let lock = try FileLock.take(folder.lock) else { return nil }
    let listener = try UnixSocket.listen(at: folder.monitorSocket, .forOurselves)
    try FileSystem.makeDirectory(surroundings.runtime)
    let userMonitor = try UnixSocket.listen(at: userMonitorSocket)
    let monitorPlace = try UnixSocket.place(of: folder.monitorSocket)
    let userMonitorPlace = try UnixSocket.place(of: userMonitorSocket)
    let serialPorts = try serialSockets(launch.machine.serialPorts)
    let log = try FileDescriptor.openLog(folder.qemuLog)
    var child = ChildProcess.Launch(
      program: launch.program, arguments: launch.arguments, environment: ChildEnvironment.forQEMU)
    child.descriptors = [
      1: log.rawValue, 2: log.rawValue, Launch.lockDescriptor: lock.descriptor.rawValue,
      Launch.monitorDescriptor: listener.rawValue, Launch.userMonitorDescriptor: userMonitor.rawValue,
      Launch.monitorPlace: monitorPlace.rawValue, Launch.userMonitorPlace: userMonitorPlace.rawValue,
    ]
    for (number, socket) in serialPorts { child.descriptors[number] = socket.descriptor.rawValue }
    child.directory = "/"
    let logStart = FileSystem.size(of: folder.qemuLog)
    let consoleStart = FileSystem.size(of: folder.consoleLog)
    let run = Run(
      process: try ChildProcess(child), machine: launch.machine.facts, logStart: logStart,
      consoleStart: consoleStart)
    run.listener = consume listener
    return run
  }

  /// A listening socket for each serial port and that socket's place, by the child's descriptors.
  private func serialSockets(_ count: Int) throws(SystemError) -> [Int32: SharedDescriptor] {
    var sockets: [Int32: SharedDescriptor] = [:]
    for (index, port) in Launch.serialPorts.prefix(count).enumerated() {
      let path = folder.serialSocket(index + 1)
      sockets[port.descriptor] = SharedDescriptor(try UnixSocket.listen(at: path, .forOurselves))
      sockets[port.place] = SharedDescriptor(try UnixSocket.place(of: path))
    }
    return sockets
  }

  /// A descriptor that can stand in a collection.
  private final class SharedDescriptor {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }

  /// Takes back a QEMU that an earlier supervisor started.
  func adopt(_ process: ChildProcess, _ saved: SavedState) {
    let run = Run(
      process: process, machine: saved.machine, logStart: FileSystem.size(of: folder.qemuLog),
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
    lifecycle.hasPowerButton = run.machine?["powerButton"] != "false"
    do throws(SystemError) {
      run.exitWatch = try run.process.onExit(queue: executor.queue) { [weak self] status in
        self?.assumeIsolated { $0.processEnded(status) }
      }
      try connect(run)
    } catch {
      Log.note("\(name): its QEMU, process \(run.process.pid), cannot be asked: \(error)")
    }
    keepLogs()
    offerSockets(of: run)
  }

  /// Connects to QEMU's monitor by the place that it holds, which is its own whatever has become of the path.
  private func connect(_ run: Run) throws(SystemError) {
    let own = Launch.path(to: Launch.monitorPlace, of: run.process.pid)
    let socket: FileDescriptor
    do throws(SystemError) {
      socket = try UnixSocket.connect(
        to: FileSystem.exists(own) ? own : folder.monitorSocket, .forOurselves)
    } catch {
      guard error.code == EAGAIN else { throw error }
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

  /// Tries again, ever more rarely: supervisors that died while QEMU took no connection have filled its backlog.
  private func connectLater(_ run: Run) {
    let pid = run.process.pid
    executor.after(run.connectDelay) { [weak self] in
      self?.assumeIsolated { vm in
        guard let run = vm.run, run.process.pid == pid else { return }
        do throws(SystemError) {
          try vm.connect(run)
          vm.negotiate()
        } catch {
          Log.note("\(vm.name): its QEMU, process \(pid), cannot be asked: \(error)")
        }
      }
    }
    run.connectDelay = min(run.connectDelay * 2, .seconds(5))
  }

  func processEnded(_ status: ExitStatus) {
    guard let run else { return }
    run.exitStatus = status
    // A connection that QEMU never accepted waits in this socket, and ends with it.
    run.listener = nil
    // QEMU's last events may still be unread: its end of the monitor comes behind them, and concludes.
    run.connection?.assumeIsolated { $0.readWaiting() }
    if self.run === run, run.connection?.assumeIsolated({ $0.disconnection == nil }) != true {
      conclude(run, status)
    }
  }

  private func monitorClosed(_ how: QMPDisconnection) {
    guard let run else { return }
    if let status = run.exitStatus { return conclude(run, status) }
    lookForEndSoon(run)
    if !run.hasNegotiated { run.failedConnections += 1 }
    guard run.failedConnections < 3 else {
      return Log.note("\(name): its QEMU, process \(run.process.pid), cannot be asked: \(how)")
    }
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
      return
    }
    run.lostConnection = how
    negotiate()
  }

  private func conclude(_ run: Run, _ status: ExitStatus) {
    self.run = nil
    releaseLogs()
    let images = lifecycle.state == .starting ? launch?.images : nil
    let files = launch?.machine.disks.map(\.file) ?? []
    // Whatever it refused to start with is decided anew.
    if lifecycle.state == .starting { launch = nil }
    run.closeConsoles()
    for token in run.socketWatches { surroundings.files.cancel(token) }
    endConsoleWatch(of: run)
    // QEMU unlinks its sockets only at a clean exit.
    let serialSockets = (1...Launch.serialPorts.count).map(folder.serialSocket)
    for path in [folder.monitorSocket, userMonitorSocket] + serialSockets {
      _ = try? FileSystem.remove(path)  // Each start removes it again.
    }
    let message = QEMULog.lastMessage(in: folder.qemuLog, from: run.logStart)
    guard let images, let image = message.lockedImage else {
      return ended(run, status, message.text(disks: files))
    }
    // Somebody has taken it since it was looked at: who that is takes some milliseconds to find out.
    Task {
      let holder = await offQueue { images.holder(of: image) }
      ended(run, status, message.text(disks: files, because: holder))
    }
  }

  private func ended(_ run: Run, _ status: ExitStatus, _ words: String) {
    noteExit(of: run, status, words)
    apply(.exited(status, stderr: words))
  }
}
