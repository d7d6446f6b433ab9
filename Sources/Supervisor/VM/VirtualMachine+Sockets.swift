internal import Control
internal import Dispatch
internal import Host

// The sockets for users in RUNTIME, which a logout may wipe.
extension VirtualMachine {
  /// Who removes a whole folder is let finish first.
  static let pause = Duration.milliseconds(100)

  /// Offers the guest's console and QEMU's second monitor to users, and again whenever their paths are removed.
  ///
  /// What fails costs only itself: the guest matters more, and the console's log is there.
  func offerSockets(of run: Run) {
    // A folder that hangs is asked once.
    guard run.socketOffer == .none else {
      run.socketOffer = .again
      return
    }
    run.socketOffer = .asked
    let pid = run.process.pid
    let offer = socketOffer(pid, run.serialPorts, offered: Set(run.consoles.keys))
    let files = services.files
    lane.add { [weak self] in
      let outcome = offer.perform()
      guard let self else { return outcome.watches.forEach(files.cancel) }
      executor.queue.async { self.assumeIsolated { $0.socketsWereOffered(outcome, pid) } }
    }
  }

  /// Offers the sockets of the QEMU that lives anew; returns when that is done, or takes too long.
  func offerSockets(within limit: Duration) async {
    guard let run, run.exitStatus == nil else { return }
    offerSockets(of: run)
    // It has its place behind them.
    _ = await lane.run(within: limit) {}
  }

  /// What is to be done for the sockets of a process; it takes nothing of the VM's own along.
  nonisolated func socketOffer(_ pid: Int32, _ serialPorts: Int, offered: Set<Int> = []) -> SocketOffer {
    SocketOffer(
      runtime: services.runtime, folder: folder, pid: pid,
      serialSockets: (0..<serialPorts).map { sharedSerialSocket($0 + 1) }, offeredPorts: offered,
      userMonitorSocket: userMonitorSocket, files: services.files,
      removed: { [weak self] in self?.offerSocketsLater(pid) })
  }

  func socketsWereOffered(_ outcome: SocketOffer.Outcome, _ pid: Int32) {
    guard let run, run.process.pid == pid else {
      for token in outcome.watches { services.files.cancel(token) }
      return
    }
    let isWantedAgain = run.socketOffer == .again
    run.socketOffer = .none
    take(outcome, of: run)
    if isWantedAgain { offerSockets() }
  }

  /// Serves the sockets that were offered.
  func take(_ outcome: SocketOffer.Outcome, of run: Run) {
    for port in outcome.ports { serve(port, of: run) }
    if outcome.isMonitorGone {
      Log.note("\(name): the monitor for users was removed, and comes back with its next start")
    }
    guard let failure = outcome.failure else {
      for token in run.socketWatches { services.files.cancel(token) }
      run.socketWatches = outcome.watches
      run.offerPause = Self.pause
      return
    }
    // It is tried again, ever more rarely, for as long as that lasts.
    if run.offerPause == Self.pause {
      Log.note("\(name): its console or monitor cannot be offered to users: \(failure)")
    }
    run.offerPause = min(max(.seconds(1), run.offerPause * 2), .seconds(60))
    offerSocketsLater(run.process.pid, after: run.offerPause)
  }

  private func serve(_ port: SocketOffer.Outcome.Port, of run: Run) {
    guard let listener = port.listener.take() else { return }
    if let console = run.consoles[port.number] { return console.listen(on: listener) }
    let (number, path, pid) = (port.number, port.upstreamPath, run.process.pid)
    let relay = ConsoleRelay(at: sharedSerialSocket(number), queue: executor.queue) { [weak self] in
      self?.assumeIsolated { $0.connectConsole(number, to: path, pid) }
    }
    relay.listen(on: listener)
    run.consoles[number] = relay
  }

  /// Connects a console's relay to its guest.
  private func connectConsole(_ number: Int, to path: String, _ pid: Int32) {
    lane.add { [weak self] in
      let result = Result { () throws(SystemError) in
        PassedDescriptor(try UnixSocket.connect(to: path, .forOurselves))
      }
      guard let self else { return }
      executor.queue.async {
        self.assumeIsolated { vm in
          if vm.run?.process.pid == pid { vm.run?.consoles[number]?.guestConnected(result) }
        }
      }
    }
  }

  /// Offers the sockets of the QEMU that lives anew.
  private func offerSockets() {
    if let run, run.exitStatus == nil { offerSockets(of: run) }
  }

  /// Where its QEMU listens.
  var ownSockets: [String] {
    let serialSockets = (1...Launch.serialPorts.count).map(folder.serialSocket)
    return [folder.monitorSocket, folder.userMonitorSocket] + serialSockets
  }

  /// What leads users there.
  var sharedSockets: [String] {
    [userMonitorSocket] + (1...Launch.serialPorts.count).map(sharedSerialSocket)
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
