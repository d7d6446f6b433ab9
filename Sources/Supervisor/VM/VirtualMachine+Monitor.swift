internal import Control
internal import Host
internal import JSON
internal import Machine
internal import QMP

// QEMU's monitor: what the lifecycle says, and what QEMU's events mean to it.
extension VirtualMachine {
  /// Sends a command whose answer says nothing that an event does not.
  func send(_ command: some QMPCommand, then: @escaping @Sendable (Bool) -> Void = { _ in }) {
    guard let connection = run?.connection else { return }
    connection.assumeIsolated {
      $0.send(command) { result in
        if case .failure(let error) = result, case .execution = error { Log.note("\(error)") }
        then((try? result.get()) != nil)  // Only whether it was answered.
      }
    }
  }

  func negotiate() {
    guard let connection = run?.connection else { return }
    let attempt = lifecycle.process.attempt
    connection.assumeIsolated {
      // The lifecycle bounds it: a deadline here would end the connection to a QEMU that is only slow.
      $0.negotiate(deadline: .seconds(365 * 86400)) { [weak self] result in
        self?.assumeIsolated { $0.negotiated(result, attempt: attempt) }
      }
    }
    lookForAnswer(on: connection, after: .seconds(1))
  }

  /// Looks ever more rarely for a greeting that nobody has told of.
  ///
  /// The kernel may refuse a watch of a connection (epoll_ctl(2), ENOSPC), and Dispatch does not tell: then another one
  /// is made.
  private func lookForAnswer(on connection: QMPConnection, after pause: Duration) {
    executor.after(pause) { [weak self, weak connection] in
      self?.assumeIsolated { vm in
        guard let connection, let run = vm.run, run.connection === connection, !run.hasNegotiated else {
          return
        }
        let isUntold = connection.assumeIsolated { $0.readWaiting() }
        guard run.connection === connection else { return }
        guard isUntold else { return vm.lookForAnswer(on: connection, after: pause * 2) }
        // Also where it has negotiated by this reading alone: nothing more would be heard on it.
        Log.note("\(vm.name): what its QEMU said came without a word from the kernel; connecting again")
        connection.assumeIsolated { $0.close() }
      }
    }
  }

  private func negotiated(_ result: Result<QMPGreeting, QMPError>, attempt: Int) {
    guard attempt == lifecycle.process.attempt, let run, case .success = result else { return }
    run.hasNegotiated = true
    run.failedConnections = 0
    let lost = run.lostConnection.take()
    if let how = lost {
      Log.note("\(name): the connection to QEMU was lost (\(how)); connected again")
    }
    if let listener = run.listener.take() {
      // QEMU has lowered it to 1: a QEMU that hangs must not turn the next supervisor away.
      do throws(SystemError) {
        try UnixSocket.setBacklog(listener, 128)
      } catch {
        Log.note("\(name): the monitor's backlog stays at 1: \(error)")
      }
    }
    let pid = run.process.pid
    if lifecycle.isTakingOver {
      run.connection?.assumeIsolated {
        // Without a deadline, as above: one that is only slow answers in the end.
        $0.send(QueryUUID(), deadline: .seconds(365 * 86400)) { [weak self] result in
          self?.assumeIsolated { $0.identified(result, pid: pid) }
        }
      }
    } else if let connection = run.connection {
      pinCPUs(of: run, connection) { [weak self] in
        self?.assumeIsolated { vm in
          guard attempt == vm.lifecycle.process.attempt else { return }
          vm.apply(.negotiated)
          // A connection that was lost has left it open how the guest is.
          if lost != nil || vm.lifecycle.state != .starting { vm.askRunState() }
        }
      }
    }
    // Behind `cont`: the guest does not wait for it.
    run.connection?.assumeIsolated {
      $0.send(QueryKVM()) { [weak self] result in
        self?.assumeIsolated { $0.accelerated(result) }
      }
    }
  }

  /// Its lock and its command line have told whose QEMU it is, and its monitor must say the same: what says anything
  /// else is neither asked nor signalled.
  private func identified(_ result: Result<QueryUUID.Reply, QMPError>, pid: Int32) {
    guard let run, run.process.pid == pid, lifecycle.isTakingOver else { return }
    let own = identity(run.uuid).uuids
    switch result {
    case .success(let reply):
      if let uuid = UUID(reply.uuid), own.isEmpty || own.contains(uuid) {
        run.isProven = true
        if let connection = run.connection { pinCPUs(of: run, connection) {} }
        apply(.negotiated)
        for event in run.unproven.take() { receive(event) }
        return
      }
      refuse(run, "its UUID is \(reply.uuid)")
    case .failure(.execution(let reply, _)):
      refuse(run, "it says '\(reply.description)' when asked for its UUID")
    case .failure(.protocolViolation): refuse(run, "it does not tell its UUID when asked")
    // The connection has ended, and with the next one it is asked again.
    case .failure: break
    }
  }

  /// Lets go of a process that holds the VM's lock, and is not its QEMU as `words` tell.
  private func refuse(_ run: Run, _ words: String) {
    let process = run.process
    let cause =
      "\(LockHolder.describe(process.pid, run.program)) holds its lock \(folder.lock) and is not its QEMU (\(words))"
    Log.note("\(name): \(cause); left alone")
    self.run = nil
    endWatches(of: run)
    impostor = (process, cause)
    lifecycle.giveUp(saying: cause + "; end it, then start")
    announce()
    endTakeOver()
  }

  private func accelerated(_ result: Result<QueryKVM.Reply, QMPError>) {
    // An unanswered question leaves what was asked for.
    guard let run, let reply = try? result.get() else { return }
    run.accelerator = reply.isEnabled ? "kvm" : "tcg"
  }

  func resumeGuest() {
    guard let connection = run?.connection else { return }
    connection.assumeIsolated {
      $0.send(Continue()) { [weak self] result in
        guard case .failure(.execution(let reply, _)) = result else { return }
        self?.assumeIsolated { $0.apply(.continueRefused(reply.description)) }
      }
    }
  }

  /// While a question is on its way, others wait for its answer and are one.
  func askRunState() {
    guard let run, let connection = run.connection else { return }
    if run.runStateQuestion != .none {
      run.runStateQuestion = .again
      return
    }
    run.runStateQuestion = .asked
    let pid = run.process.pid
    connection.assumeIsolated {
      // Without a deadline: a QEMU that is only slow answers in the end, and one that hangs is asked once.
      $0.send(QueryStatus(), deadline: .seconds(365 * 86400)) { [weak self] result in
        self?.assumeIsolated { $0.answeredRunState(result, of: pid) }
      }
    }
  }

  private func answeredRunState(_ result: Result<QueryStatus.Reply, QMPError>, of pid: Int32) {
    guard let run, run.process.pid == pid else { return }
    let isStale = run.runStateQuestion == .again
    run.runStateQuestion = .none
    guard case .success(let reply) = result else { return }
    if isStale { return askRunState() }
    if reply.status == .ioError { askDisks() } else { apply(.runState(reply.status)) }
  }

  /// Asks which disk stopped the guest, and whether it is space that it wants.
  private func askDisks() {
    guard let connection = run?.connection else { return }
    connection.assumeIsolated {
      $0.send(QueryBlock()) { [weak self] result in
        // Without an answer it is an I/O error like any other.
        let drives = (try? result.get()) ?? []
        let full = drives.first { $0.ioStatus == .noSpace }
        self?.assumeIsolated { vm in
          if let full {
            let disk = DeviceID.diskName(ofNode: full.inserted?.nodeName ?? "")
            vm.apply(.guest(.ioError("no space left for disk '\(disk)'", noSpace: true)))
          } else {
            vm.apply(.runState(.ioError))
          }
        }
      }
    }
  }

  /// Sees whether every folder with a disk of this VM has some space again; corresponds to statvfs(3).
  func checkSpace() {
    Task { apply(.space(await fullFolder() == nil)) }
  }

  /// A folder with a disk of this VM that has no space; nil when none has.
  func fullFolder() async -> String? {
    let files = diskFiles
    return await diskLane.run {
      files.first { FileSystem.freeBytes(at: $0) ?? 0 < Self.leastSpace }.map { FileSystem.parent(of: $0) }
    }
  }

  /// The files that its disks are, as its guest was started with them.
  private var diskFiles: [String] {
    if let devices = run?.machine?.devices { return devices.compactMap(\.file) }
    return (record?.flat.settings.diskEntries ?? []).compactMap(\.userFile)
  }

  /// What a guest that waits for space is tried with, in bytes: one cluster of a qcow2 image.
  ///
  /// If it needs more, QEMU stops it again, and it is looked after more rarely.
  private static var leastSpace: Int64 { 64 << 10 }

  /// Tells QEMU to end when the guest does, and presses the button, in one go.
  func pressButton(first: Bool) {
    if first { send(SetAction(shutdown: .poweroff)) }
    send(SystemPowerdown()) { [weak self] answered in
      if answered { self?.assumeIsolated { $0.apply(.buttonAnswered) } }
    }
  }

  /// Passes an event on to clients and, where it says something of the guest's life, to the lifecycle.
  ///
  /// What has not proven yet that it is the VM's QEMU has nothing to say of the VM.
  func receive(_ event: QMPEvent) {
    if lifecycle.isTakingOver, run?.isProven != true {
      run?.unproven.keep(event)
      return
    }
    noteEvent(event)
    pass(event)
    noteUnplug(event)
    if let guest = GuestEvent(event) { apply(.guest(guest)) }
  }

  private func pass(_ event: QMPEvent) {
    let name = name
    services.broadcastOfGuest {
      QMPEvent(
        "VM_EVENT",
        name.members([
          "event": event.json, "count": JSONValue(event.count),
          "cutBytes": event.cutLength.map { JSONValue($0) } ?? .null,
        ]))
    }
  }
}

extension GuestEvent {
  /// What a QMP event says of the guest's life; nil when nothing.
  init?(_ event: QMPEvent) {
    switch event.name {
    case "RESUME": self = .resumed
    case "STOP": self = .stopped
    case "SHUTDOWN": self = .shutdown(reason: event.data["reason"]?.string ?? "none")
    case "GUEST_PANICKED": self = .panicked
    case "WATCHDOG": self = .watchdog(action: event.data["action"]?.string ?? "none")
    case "RESET": self = .reset(byGuest: event.data["guest"]?.bool ?? true, count: event.count)
    case "BLOCK_IO_ERROR" where event.data["action"]?.string == "stop":
      let node = event.data["node-name"]?.string ?? ""
      let device = event.data["device"]?.string ?? ""
      let reason = event.data["reason"]?.string ?? "I/O error"
      let noSpace = event.data["nospace"]?.bool == true
      let disk = DeviceID.diskName(ofNode: node.isEmpty ? device : node)
      let words = noSpace ? "no space left for disk '\(disk)'" : "disk '\(disk)' failed: \(reason)"
      self = .ioError(words, noSpace: noSpace)
    default: return nil
    }
  }
}

extension VMName {
  /// `name` and `lab`, as every event has them, and more.
  func members(_ more: JSONObject) -> JSONObject {
    var members: JSONObject = ["name": .string(name), "lab": lab.map { .string($0) } ?? .null]
    for (key, value) in more { members[key] = value }
    return members
  }
}
