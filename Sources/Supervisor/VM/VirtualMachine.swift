internal import Control
package import Host
internal import JSON
package import Machine
internal import QMP

/// One VM: its lifecycle made real.
///
/// An actor whose executor is a serial queue of its own. Dispatch handlers on that queue turn what happens into the
/// lifecycle's inputs, and this turns the lifecycle's effects into calls. Nothing that blocks runs on the queue.
package actor VirtualMachine {
  package nonisolated let executor: QueueExecutor
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  package nonisolated let name: VMName

  let folder: VMFolder
  let services: Services

  /// Where its files are read and written, in the order of its wishes; and its console's log, which may be long.
  let lane: Lane

  /// Where its disks and its user's other files are looked at: one that hangs holds up no record of a wish.
  let diskLane: Lane
  let consoleLane: Lane

  /// Where its logs are kept below their sizes.
  let logLane: Lane

  /// What the VM is; nil until its first definition is on disk.
  var record: VMRecord?
  var lifecycle: Lifecycle

  /// Why the definition on disk cannot be read; nil when it can.
  var damage: VMRecord.Unreadable?

  /// Whether the state on file stays as it is until a user's wish: other files of the VM could not be read, and the next
  /// supervisor, which may read them, is to go on from there.
  var keepsState = false

  /// Why what another version has kept of the VM stays as it is; nil where it does not.
  var refusedState: SavedState.Unreadable?

  /// Grows with each command of a user, so that who waits knows which states are an answer.
  var wish = 0

  /// The wish that the last announcement told.
  private(set) var announcedWish = 0

  /// How the next QEMU is started; nil when that is to be decided anew.
  var launch: Launch? {
    didSet {
      areFilesReady = false
      images = launch?.images.holding ?? images
    }
  }

  /// What its disks use, by the last launch.
  var images: ImageHolding?

  /// Whether the files that the launch needs of us have been written.
  var areFilesReady = false

  /// The making of its disks, while that is under way.
  var imageWork: ImageWork?

  /// The download that its start waits for; nil while it waits for none.
  var imageWait: ImageWait?

  /// The copy of an image that its start waits for; nil while it waits for none.
  var imageCopy: (work: ImageWork, disk: OwnImage)?

  /// The last copy, also one that nobody waits for any more, until it has ended.
  var copying: Task<Void, Never>?

  /// Why the last of these that it waited for failed, until its start says so.
  var imageFailure: ControlError?

  /// How many starts are being made ready: they write files, whatever has become of the start.
  var preparations = 0

  /// How often a user ended the wish that the VM runs: a start that was under way then is not done.
  var endings = 0

  /// The state to be kept, until it is being written: the latest only.
  let unsaved = UnsavedState()

  /// The processes that its devices need, by what they are called.
  var helpers: [String: OwnHelper] = [:]

  /// The QEMU that lives.
  var run: Run?

  /// The last QEMU's start, for showing.
  var startedAt: Timestamp?

  /// A process that passes itself off as this VM's QEMU, and that in words; nil where there is none.
  var impostor: (process: ChildProcess, words: String)?

  /// How the last QEMU ended, as it was told to the ledger.
  var lastExit: LedgerEvent.ExitFacts?

  /// What stood last on the console of the guest that failed last.
  var failedConsole: [String] = []

  /// Whether KVM is what it last ran with where that was left to us.
  var hadKVM = false

  /// Counts what has held a start or an end of it back.
  var holds = 0

  /// Whether its QEMU has outlived SIGKILL.
  var isUnkillable = false

  /// Whether nothing is to be left of the VM once it has stopped.
  var isForgetting = false

  /// Whether its folder was removed, and not all that is left of it could be: then the VM waits for its user.
  var isFolderGone = false

  /// When its use was last looked at, for the percentage.
  var lastUse: (at: Instant, cpuTime: Duration, pid: Int32)?

  /// What the ledger has been told.
  var noted = LedgerNotes()

  /// What its admin has been told.
  var incidents = IncidentWatch()

  /// Whether a state that was held back will be told.
  var isNoteAwaited = false

  var gate = CommandGate()

  /// Lets one change of the running QEMU at a time be made, and whether one is.
  var liveGate = CommandGate()
  var isChanging = false
  var unplugs = 0

  /// Whether what an earlier supervisor has left of it is still being read, and who waits for that.
  var isUnread = false
  var whenRead: CheckedContinuation<Bool, Never>?

  /// Who waits for an adopted guest to say how it is.
  var takeOver: CheckedContinuation<Void, Never>?
  lazy var recoveryTimer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.recoveryIsLate() }
  }
  private var effects: [LifecycleEffect] = []
  private(set) var isPerforming = false

  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { vm in
      vm.lookForEnd()
      vm.apply(.timer)
    }
  }

  package init(name: VMName, folder: VMFolder, services: Services) {
    self.name = name
    self.folder = folder
    self.services = services
    lane = services.lanes[Self.filesLane(of: name)]
    diskLane = services.lanes["the disks of \(name)"]
    consoleLane = services.lanes["the console's log of \(name)"]
    logLane = services.lanes["the logs of \(name)"]
    executor = QueueExecutor(label: "vm.\(name.id)", isShared: true)
    lifecycle = Lifecycle(policy: RestartPolicy(), stopTimeout: .seconds(60))
  }

  /// What the lane is called on which its files are worked on.
  static func filesLane(of name: VMName) -> String { "the files of \(name)" }

  // MARK: The lifecycle's pump

  /// Feeds the lifecycle and does what it says, effect after effect.
  func apply(_ input: LifecycleInput) {
    effects += lifecycle.handle(input, at: Lifecycle.Moment(.now, chance: .random(in: 0...1)))
    perform()
  }

  private func perform() {
    guard !isPerforming else { return }
    isPerforming = true
    while !effects.isEmpty {
      let effect = effects.removeFirst()
      if effect == .dropWish {
        // What follows rests on it: it goes on when the disk has it.
        return dropWish()
      }
      perform(effect)
    }
    isPerforming = false
    if !lifecycle.awaitsSpawn { imageWork?.cancel() }
    leaveImageIfUnwanted()
    releaseUnusedHelpers()
    timer.arm(at: lifecycle.nextDeadline)
    if takeOver != nil, !lifecycle.isTakingOver { endTakeOver() }
    goOnChanging()
    removeIfForgotten()
  }

  private func perform(_ effect: LifecycleEffect) {
    switch effect {
    case .spawn: spawn()
    case .negotiate: negotiate()
    case .resume: resumeGuest()
    case .askRunState: askRunState()
    case .checkSpace: checkSpace()
    case .probe: probe()
    case .probeGuest(let number): probeGuest(number)
    case .watchConsole(let afresh): watchConsole(afresh: afresh)
    case .pressReset: send(SystemReset())
    case .pressButton(let first): pressButton(first: first)
    case .quit: send(Quit())
    case .signal(let number): signal(number, tries: 3)
    case .dropWish: break
    case .tellUnkillable: tellUnkillable()
    case .announce: announce()
    case .save: save()
    case .tell(let words): tell(words)
    }
  }

  /// Says something that a person who waits should read.
  func tell(_ words: String) {
    Log.note("\(name): \(words)")
    note(.message(words))
    let name = name.full
    services.broadcast { VMEvent.message(name, words, gaveUp: false).event }
  }

  /// Takes the wish to run back on disk; the effects behind it wait, but not for a disk that hangs.
  ///
  /// In its turn, like a user's command: a start that came meanwhile has renewed the wish.
  private func dropWish() {
    let folder = folder
    Task {
      let hasTurn = await enter(within: Self.diskPatience)
      if lifecycle.desired == .stopped {
        // A command that has the turn and waits for the disk must not promise what is taken back behind it.
        if !hasTurn { endings += 1 }
        let result = await lane.run(within: Self.diskPatience, isLasting: true) {
          Result { () throws(SystemError) in try folder.unwant() }
        }
        switch result {
        case .success: noteDroppedWish()
        case .failure(let error): noteUnrecorded("\(error)")
        case nil: noteUnrecorded("no answer from \(folder.path) for \(Self.diskPatience.seconds) s")
        }
      }
      if hasTurn { leave() }
      isPerforming = false
      perform()
    }
  }

  private func noteUnrecorded(_ why: String) {
    Log.note("\(name): the guest ended itself, and that could not be recorded: \(why)")
  }

  /// Says that QEMU outlived SIGKILL, and how the kernel shows it.
  private func tellUnkillable() {
    guard !lookForEnd(), let pid = run?.process.pid else { return }
    let state = ProcessTable.use(pid: pid)?.state
    isUnkillable = true
    let why =
      state == "D" ? "it hangs in the kernel (state D), perhaps on storage" : "its state is \(state ?? "?")"
    let words = "SIGKILL has not ended QEMU, process \(pid): \(why)"
    Log.note("\(name): \(words)")
    note(.message(words))
    let name = name.full
    services.broadcast { VMEvent.message(name, words, gaveUp: true).event }
  }

  /// Tells everyone the state, and keeps it.
  ///
  /// Of a guest in this order: what is kept is no promise, and someone waits for what is told. An end is kept first, so
  /// that no supervisor that comes behind this one tells it again.
  func announce() {
    guard isDefined else { return }
    announcedWish = wish
    let isEnd = !lifecycle.isUp
    if isEnd { save() }
    noteState()
    services.changed(report)
    // Of one that has not run yet there is nothing to keep but the wish, until its QEMU is there.
    if !isEnd, !lifecycle.awaitsSpawn || lastExit != nil { save() }
  }

  func save() {
    // Not ours to write over, not known yet, or nowhere to write to.
    if refusedState != nil || isUnread || isFolderGone || keepsState { return }
    // What was kept of it holds until it says how it is.
    if lifecycle.isTakingOver, run?.keptWish == wish { return }
    let saved = SavedState(
      lifecycle: lifecycle, wish: wish, pid: run?.process.pid, machine: run?.machine, startedAt: startedAt,
      consoleStart: run?.consoleStart, uuid: run?.uuid, lastExit: lastExit, failedConsole: failedConsole,
      isChanging: isChanging && run != nil, hadKVM: hadKVM)
    guard unsaved.replace(saved) else { return }
    let (folder, name, unsaved) = (folder, name, unsaved)
    lane.add {
      guard let saved = unsaved.take() else { return }
      unsaved.write(saved, to: folder, of: name)
    }
  }

  /// Waits until the state is on file, and tries once more where it could not be written; false when it is not there.
  func settleState(within patience: Duration) async -> Bool {
    guard isDefined, !isFolderGone else { return true }
    if isUnread { return false }
    let (folder, name, unsaved) = (folder, name, unsaved)
    return await lane.run(within: patience) {
      guard let refused = unsaved.takeRefused() else { return true }
      return unsaved.write(refused, to: folder, of: name)
    } ?? false
  }

  // MARK: One command at a time

  /// Waits for the turn of a command.
  func enter() async {
    if gate.tryEnter() { return }
    await withCheckedContinuation { gate.wait($0) }
  }

  /// How long a command waits for the disk, or for another that does, before it acts nevertheless.
  static var diskPatience: Duration { .seconds(2) }

  /// As above, but for no longer: false when it is not the caller's turn by then.
  func enter(within limit: Duration) async -> Bool {
    if gate.tryEnter() { return true }
    return await withCheckedContinuation { continuation in
      let place = gate.waitBounded(continuation)
      executor.after(limit) { [weak self] in self?.assumeIsolated { $0.gate.giveUp(place) } }
    }
  }

  /// Ends the turn of a command.
  func leave() {
    gate.leave()
    removeIfForgotten()
  }

  /// QEMU's second monitor, for the user's own tools.
  nonisolated var userMonitorSocket: String { Locations.userMonitor(in: services.runtime) }

  /// A serial port for several people at once; the first is the console.
  nonisolated func sharedSerialSocket(_ port: Int) -> String {
    Locations.serialPort(port, in: services.runtime)
  }

  /// What everyone may know now.
  var report: VMReport {
    let facts = LedgerEvent.StateFacts(lifecycle)
    let (started, next) = (run?.machine, launch?.machine)
    var report = VMReport(
      name: name, state: lifecycle.state, desired: lifecycle.desired, cause: lifecycle.cause,
      backoff: lifecycle.backoff, ending: facts.ending, pause: facts.pause, health: lifecycle.health,
      isProcessStopped: lifecycle.guest.check?.isProcessStopped ?? false, pid: run?.process.pid,
      profile: record?.profile,
      accelerator: run?.accelerator,
      cpus: started?.cpus ?? next?.cpus ?? record?.flat.settings.cpus,
      memory: (started?.memory ?? next?.memory ?? record?.flat.settings.memory)?.bytes,
      restarts: lifecycle.intent.restarts, startedAt: run == nil ? nil : startedAt,
      runningSince: run == nil ? nil : lifecycle.guest.runningSince,
      qmpSocket: run == nil ? nil : userMonitorSocket,
      consoleSocket: run?.consoles[1] == nil ? nil : sharedSerialSocket(1),
      consoleLog: folder.consoleLog, qemuLog: folder.qemuLog, failedConsole: failedConsole, wish: wish,
      file: record?.file, images: images, keepsSupervisor: run != nil || lifecycle.awaitsProcess || hasHelpers
    )
    report.runningCards = run.map { $0.machine?.labCards ?? [] }
    report.definedCards = record.map { $0.flat.labCards(uuid: $0.uuid) } ?? []
    report.holder = record?.holder
    report.dependencies = record?.definition.dependencies ?? []
    if lifecycle.desired == .running, case .vms(let unmet) = lifecycle.intent.hold { report.hold = unmet }
    report.isEndHeld = lifecycle.intent.heldEnd != nil
    report.holds = holds
    report.hasEndedByItself = lifecycle.state == .stopped && lastExit?.ending == .poweredOff
    report.isUnkillable = isUnkillable && run != nil
    report.isUnread = isUnread
    report.progress = progressOfWait
    return report
  }
}
