internal import Control
internal import Host
internal import JSON
internal import Machine
internal import QMP

// From a launch to a process, and from its end to a cause.
extension VirtualMachine {
  /// Starts QEMU, deciding first how, unless that is known.
  func spawn() {
    if let launch, areFilesReady { return spawn(launch) }
    let attempt = lifecycle.attempt
    Task {
      let result = await makeReady()
      // A stop that came meanwhile has won.
      guard lifecycle.attempt == attempt, lifecycle.awaitsSpawn else { return }
      switch result {
      case .success(let launch): spawn(launch)
      case .failure(let error): apply(.spawnFailed(error.description))
      }
    }
  }

  /// Decides how QEMU is started, unless that is known, and writes the files it needs of us.
  private func makeReady() async -> Result<Launch, ControlError> {
    do throws(ControlError) {
      if launch == nil, let record { launch = try await surroundings.prepare(record, folder, .start) }
    } catch {
      return .failure(error)
    }
    guard let launch else {
      return .failure(ControlError(.failed, "cannot start: \(damage ?? "it has no definition")"))
    }
    let files = launch.machine.filesToPrepare
    do throws(SystemError) {
      try await offQueue { () throws(SystemError) in
        for file in files { try file.prepare() }
      }
    } catch {
      return .failure(ControlError(.failed, "cannot start: a file for QEMU cannot be written: \(error)"))
    }
    areFilesReady = true
    return .success(launch)
  }

  private func spawn(_ launch: Launch) {
    do throws(SystemError) {
      guard let lock = try FileLock.take(folder.lock) else {
        return apply(.spawnFailed("cannot start: a process that is not known here holds \(folder.lock)"))
      }
      let listener = try UnixSocket.listen(at: folder.monitorSocket)
      try FileSystem.makeDirectory(surroundings.runtime)
      let userMonitor = try UnixSocket.listen(at: userMonitorSocket)
      let console = try UnixSocket.listen(at: folder.consoleSocket)
      let log = try FileDescriptor.openLog(folder.qemuLog)
      var child = ChildProcess.Launch(program: launch.program, arguments: launch.arguments)
      child.descriptors = [
        1: log.rawValue, 2: log.rawValue, Launch.lockDescriptor: lock.descriptor.rawValue,
        Launch.monitorDescriptor: listener.rawValue, Launch.userMonitorDescriptor: userMonitor.rawValue,
        Launch.consoleDescriptor: console.rawValue,
      ]
      child.directory = "/"
      let logStart = FileSystem.size(of: folder.qemuLog)
      let process = try ChildProcess(child)
      startedAt = .now
      let run = Run(process: process, machine: launch.machine.facts, logStart: logStart)
      run.listener = consume listener
      note(.spawned(pid: process.pid, accelerator: launch.machine.accelerator.rawValue))
      try take(run)
    } catch {
      return apply(.spawnFailed("cannot start: \(error)"))
    }
    apply(.spawned)
  }

  /// Takes back a QEMU that an earlier supervisor started.
  func adopt(_ process: ChildProcess, as machine: MachineFacts?) {
    let run = Run(process: process, machine: machine, logStart: FileSystem.size(of: folder.qemuLog))
    do throws(SystemError) {
      try take(run)
    } catch {
      Log.note("\(name): taking over its QEMU (process \(process.pid)): \(error)")
    }
    Log.note("\(name): taken over, QEMU is process \(process.pid)")
    note(.adopted(pid: process.pid))
    apply(.adopted)
  }

  /// Watches a process, connects to its monitor and offers its console.
  private func take(_ run: Run) throws(SystemError) {
    self.run = run
    lifecycle.hasPowerButton = run.machine?["powerButton"] != "false"
    run.exitWatch = try run.process.onExit(queue: executor.queue) { [weak self] status in
      self?.assumeIsolated { $0.processEnded(status) }
    }
    let connection = QMPConnection(try UnixSocket.connect(to: folder.monitorSocket), executor: executor)
    run.connection = connection
    connection.assumeIsolated {
      $0.onEvent { [weak self] event in self?.assumeIsolated { $0.receive(event) } }
      $0.onClose { [weak self] _ in self?.assumeIsolated { $0.monitorClosed() } }
    }
    do throws(SystemError) {
      try FileSystem.makeDirectory(surroundings.runtime)
      run.console = try ConsoleRelay(
        at: sharedConsoleSocket, upstreamPath: folder.consoleSocket, queue: executor.queue)
    } catch {
      // The guest matters more than its console; the log is there.
      Log.note("\(name): no console: \(error)")
    }
  }

  private func processEnded(_ status: ExitStatus) {
    guard let run else { return }
    run.exitStatus = status
    // A QEMU that ended before it took our connection leaves it waiting in the listener, ours included.
    run.listener = nil
    // QEMU's last events may still be unread: its end of the monitor comes behind them.
    if run.connection?.assumeIsolated({ $0.disconnection == nil }) != true { conclude(run, status) }
  }

  private func monitorClosed() {
    guard let run, let status = run.exitStatus else { return }
    conclude(run, status)
  }

  private func conclude(_ run: Run, _ status: ExitStatus) {
    self.run = nil
    run.console?.close()
    // QEMU unlinks its sockets only at a clean exit.
    for path in [folder.monitorSocket, folder.consoleSocket, userMonitorSocket] {
      _ = try? FileSystem.remove(path)  // Each start removes it again.
    }
    let words = QEMULog.lastWords(in: folder.qemuLog, from: run.logStart)
    noteExit(of: run, status, words)
    apply(.exited(status, stderr: words))
  }
}
