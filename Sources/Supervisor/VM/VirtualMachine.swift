internal import Control
package import Host
internal import JSON
package import Machine
package import QMP

/// One VM: its lifecycle made real.
///
/// An actor whose executor is a serial queue of its own. Dispatch handlers on that queue turn what happens into the
/// lifecycle's inputs, and this turns the lifecycle's effects into calls. Nothing that blocks runs on the queue.
package actor VirtualMachine {
  /// What a VM needs of the supervisor.
  package struct Surroundings: Sendable {
    /// Where the sockets for users lie: this VM's folder in RUNTIME.
    package let runtime: String

    /// Decides every value of the machine and prepares its files; throws what a person should read.
    let prepare: @Sendable (VMRecord, VMFolder, Preparation.Purpose) async throws(ControlError) -> Launch

    /// Takes a new report in, tells clients; called on the VM's queue.
    package let changed: @Sendable (VMReport) -> Void

    /// The VM is gone, with its folder.
    package let removed: @Sendable (VMReport) -> Void

    /// Tells every client something.
    package let broadcast: @Sendable (QMPEvent) -> Void
  }

  package nonisolated let executor: QueueExecutor
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  package nonisolated let name: VMName

  let folder: VMFolder
  let surroundings: Surroundings

  /// What the VM is; nil until its first definition is on disk.
  var record: VMRecord?
  var lifecycle: Lifecycle

  /// Why the definition on disk cannot be read; nil when it can.
  var damage: String?

  /// Grows with each command of a user, so that who waits knows which states are an answer.
  var wish = 0

  /// The wish that the last announcement told.
  private(set) var announcedWish = 0

  /// How the next QEMU is started; nil when that is to be decided anew.
  var launch: Launch? {
    didSet { areFilesReady = false }
  }

  /// Whether the files that the launch needs of us have been written.
  var areFilesReady = false

  /// The QEMU that lives.
  var run: Run?

  /// The last QEMU's start, for showing.
  var startedAt: Timestamp?

  /// Whether nothing is to be left of the VM once it has stopped.
  var isForgetting = false

  /// Whether the VM is gone: who still holds this actor looks it up anew.
  package internal(set) var isRetired = false

  /// When its use was last looked at, for the percentage.
  var lastUse: (at: Instant, cpuTime: Duration, pid: Int32)?

  var gate = CommandGate()

  /// Who waits for an adopted guest to say how it is.
  var takeOver: CheckedContinuation<Void, Never>?
  lazy var takeOverTimer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.endTakeOver() }
  }
  private var effects: [LifecycleEffect] = []
  private var isPerforming = false

  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.apply(.timer) }
  }

  package init(name: VMName, folder: VMFolder, surroundings: Surroundings) {
    self.name = name
    self.folder = folder
    self.surroundings = surroundings
    executor = QueueExecutor(label: "vm.\(name.id)")
    lifecycle = Lifecycle(policy: RestartPolicy(), stopTimeout: .seconds(60))
  }

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
        keepPromise { folder throws(SystemError) in try folder.unwant() }
        return
      }
      perform(effect)
    }
    isPerforming = false
    timer.arm(at: lifecycle.nextDeadline)
    if takeOver != nil, !lifecycle.isTakingOver { endTakeOver() }
    settleIfForgotten()
  }

  private func perform(_ effect: LifecycleEffect) {
    switch effect {
    case .spawn: spawn()
    case .negotiate: negotiate()
    case .resume: resumeGuest()
    case .askRunState: askRunState()
    case .lookForSpace: lookForSpace()
    case .pressButton(let first): pressButton(first: first)
    case .quit: send(Quit())
    case .signal(let number): run?.process.signal(number)
    case .dropWish: break
    case .announce: announce()
    case .tell(let words):
      Log.note("\(name): \(words)")
      surroundings.broadcast(QMPEvent("VM_MESSAGE", name.members(["message": .string(words)])))
    }
  }

  /// Does a durable change away from the queue; the effects behind it wait.
  private func keepPromise(_ change: @escaping @Sendable (VMFolder) throws(SystemError) -> Void) {
    let folder = folder
    Task {
      do throws(SystemError) {
        try await offQueue { () throws(SystemError) in try change(folder) }
      } catch {
        Log.note("\(name): the wish could not be recorded: \(error)")
      }
      isPerforming = false
      perform()
    }
  }

  /// Tells everyone the state, and keeps it.
  ///
  /// In this order: what is kept is no promise, and someone waits for what is told.
  func announce() {
    guard isDefined else { return }
    announcedWish = wish
    surroundings.changed(report)
    save()
  }

  func save() {
    let saved = SavedState(
      lifecycle: lifecycle, wish: wish, machine: run?.machine, startedAt: startedAt)
    do throws(SystemError) {
      try folder.save(saved)
    } catch {
      Log.note("\(name): \(folder.state) could not be written: \(error)")
    }
  }

  /// The last step of `down` and `rm`.
  private func settleIfForgotten() {
    guard isForgetting, !isRetired, run == nil, lifecycle.state == .stopped else { return }
    isRetired = true
    var last = report
    last.keepsSupervisor = false
    let (folder, surroundings, runtime) = (folder, surroundings, surroundings.runtime)
    Task {
      await offQueue {
        do throws(SystemError) {
          try folder.remove()
          if FileSystem.exists(runtime) { try FileSystem.removeTree(runtime) }
        } catch {
          Log.note("\(folder.id): what is left of it could not be removed: \(error)")
        }
      }
      surroundings.removed(last)
    }
  }

  /// QEMU's second monitor, for the user's own tools.
  nonisolated var userMonitorSocket: String { surroundings.runtime + "/qmp.sock" }

  /// The console for several people at once.
  nonisolated var sharedConsoleSocket: String { surroundings.runtime + "/console.sock" }

  /// What everyone may know now.
  var report: VMReport {
    let shown = run?.machine ?? launch?.machine.facts
    return VMReport(
      name: name, state: lifecycle.state, desired: lifecycle.desired, cause: lifecycle.cause,
      pid: run?.process.pid, profile: record?.profile, accelerator: run?.accelerator,
      cpus: shown?["cpus"].flatMap { Int($0) } ?? record?.flat.settings.cpus,
      memory: (shown?["memory"].flatMap { try? ByteCount(parsing: $0) } ?? record?.flat.settings.memory)?
        .bytes,
      restarts: lifecycle.restarts, startedAt: run == nil ? nil : startedAt,
      runningSince: run == nil ? nil : lifecycle.runningSince,
      qmpSocket: run == nil ? nil : userMonitorSocket,
      consoleSocket: run?.console == nil ? nil : sharedConsoleSocket,
      consoleLog: folder.consoleLog, qemuLog: folder.qemuLog, wish: wish, file: record?.file,
      keepsSupervisor: run != nil || lifecycle.awaitsProcess)
  }
}
