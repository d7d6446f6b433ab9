internal import Control
internal import Host

// The sockets for users in RUNTIME, which a logout may wipe.
extension VirtualMachine {
  /// Who removes a whole folder is let finish first.
  static let pause = Duration.milliseconds(100)

  /// Offers the guest's console and QEMU's second monitor to users, and again whenever their paths are removed.
  ///
  /// What fails costs only itself: the guest matters more, and the console's log is there.
  func offerSockets(of run: Run) {
    do throws(SystemError) {
      try FileSystem.makeDirectory(surroundings.runtime)
      if run.serialPorts > 0 {
        for port in 1...run.serialPorts { try offerSerialPort(port, of: run) }
      }
      try offerMonitor(of: run)
      for token in run.socketWatches { surroundings.files.cancel(token) }
      run.socketWatches = []
      let pid = run.process.pid
      let paths = run.consoles.keys.map(sharedSerialSocket) + [userMonitorSocket]
      for path in paths where FileSystem.exists(path) {
        run.socketWatches.append(
          try surroundings.files.watch(path, for: .removal) { [weak self] in self?.offerSocketsLater(pid) })
      }
      run.offerPause = Self.pause
    } catch {
      // It is tried again, ever more rarely, for as long as that lasts.
      if run.offerPause == Self.pause {
        Log.note("\(name): its console or monitor cannot be offered to users: \(error)")
      }
      run.offerPause = min(max(.seconds(1), run.offerPause * 2), .seconds(60))
      offerSocketsLater(run.process.pid, after: run.offerPause)
    }
  }

  /// Offers the sockets of the QEMU that lives anew.
  func offerSockets() {
    if let run, run.exitStatus == nil { offerSockets(of: run) }
  }

  private func offerSerialPort(_ port: Int, of run: Run) throws(SystemError) {
    let path = sharedSerialSocket(port)
    if let console = run.consoles[port] {
      if !FileSystem.exists(path) { try console.offer() }
    } else {
      let own = Launch.path(to: Launch.serialPorts[port - 1].place, of: run.process.pid)
      run.consoles[port] = try ConsoleRelay(
        at: path, upstreamPath: FileSystem.exists(own) ? own : folder.serialSocket(port),
        queue: executor.queue)
    }
  }

  /// QEMU listens in STATE, under a name that is this VM's alone; RUNTIME has a link to it.
  ///
  /// A QEMU of the version before listens in RUNTIME itself, and once that is wiped nothing leads there safely: a path
  /// through its process would be another's as soon as its PID is.
  private func offerMonitor(of run: Run) throws(SystemError) {
    let target = FileSystem.linkTarget(userMonitorSocket)
    if target == folder.userMonitorSocket || target == nil && FileSystem.exists(userMonitorSocket) { return }
    try FileSystem.remove(userMonitorSocket)
    guard FileSystem.exists(folder.userMonitorSocket) else {
      return Log.note("\(name): the monitor for users was removed, and comes back with its next start")
    }
    try FileSystem.link(userMonitorSocket, to: folder.userMonitorSocket)
  }

  /// Where its QEMU listens, and what leads there.
  var ownSockets: [String] {
    let serialSockets = (1...Launch.serialPorts.count).map(folder.serialSocket)
    return [folder.monitorSocket, folder.userMonitorSocket, userMonitorSocket] + serialSockets
  }

  private nonisolated func offerSocketsLater(_ pid: Int32, after pause: Duration = VirtualMachine.pause) {
    executor.after(pause) { [weak self] in
      self?.assumeIsolated { vm in
        // QEMU removes its own when it ends.
        if vm.run?.process.pid == pid { vm.offerSockets() }
      }
    }
  }
}
