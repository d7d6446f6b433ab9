internal import Dispatch
internal import Glibc
internal import Host
internal import QMP

// The connection to QEMU's monitor: made on the lane of the VM's files, and made again when it is lost.
extension VirtualMachine {
  /// Connects, and negotiates.
  ///
  /// While one connection is being made no other is.
  func connect(_ run: Run) {
    guard !run.isConnecting else { return }
    run.isConnecting = true
    let pid = run.process.pid
    let call = MonitorCall(pid: pid, path: run.monitorPath, folder: folder)
    lane.add { [weak self] in
      let answer = call.perform()
      guard let self else { return }
      executor.queue.async {
        self.assumeIsolated { vm in
          guard let run = vm.run, run.process.pid == pid, run.exitStatus == nil else { return }
          run.isConnecting = false
          if vm.connected(run, answer) { vm.negotiate() }
        }
      }
    }
  }

  /// Goes on with a connection that was made; false when none was, and another is or will be tried.
  @discardableResult
  func connected(_ run: Run, _ answer: MonitorCall.Answer) -> Bool {
    run.monitorPath = answer.path
    do throws(SystemError) {
      guard let socket = try answer.socket.get().take() else { return false }
      follow(socket, of: run)
      return true
    } catch {
      if Self.passing.contains(error.code) {
        connectLater(run)
      } else {
        loseMonitor(of: run, run.lostConnection.map { "\($0)" } ?? "\(error)")
      }
      return false
    }
  }

  private func follow(_ socket: consuming FileDescriptor, of run: Run) {
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
        if let run = vm.run, run.process.pid == pid, run.exitStatus == nil { vm.connect(run) }
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
    run.lostConnection = how
    connect(run)
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
