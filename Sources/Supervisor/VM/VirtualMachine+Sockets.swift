internal import Host

// The sockets for users in RUNTIME, which a logout may wipe.
extension VirtualMachine {
  /// Who removes a whole folder is let finish first.
  private static let pause = Duration.milliseconds(100)

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
    } catch {
      Log.note("\(name): its console or monitor cannot be offered to users: \(error)")
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

  /// QEMU listens itself; a path that was removed becomes a link to the place that QEMU holds.
  private func offerMonitor(of run: Run) throws(SystemError) {
    let own = Launch.path(to: Launch.userMonitorPlace, of: run.process.pid)
    guard !FileSystem.exists(userMonitorSocket), FileSystem.exists(own) else { return }
    // A link that leads nowhere any more.
    try FileSystem.remove(userMonitorSocket)
    try FileSystem.link(userMonitorSocket, to: own)
  }

  private nonisolated func offerSocketsLater(_ pid: Int32) {
    executor.after(Self.pause) { [weak self] in
      self?.assumeIsolated { vm in
        // QEMU removes its own when it ends.
        if vm.run?.process.pid == pid { vm.offerSockets() }
      }
    }
  }
}
