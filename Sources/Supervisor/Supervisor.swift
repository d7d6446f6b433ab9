package import Control
internal import Dispatch
package import Host
internal import JSON
internal import Machine
package import QMP
internal import Synchronization

/// The VMs of one state folder: finds them by name, makes and forgets them, answers for all of them.
///
/// An actor on a serial queue of its own. It never waits for a VM: lists are made from the reports that VMs leave.
package actor Supervisor {
  package nonisolated let executor = QueueExecutor(label: "supervisor")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  nonisolated let locations: Locations
  nonisolated let state: StateDirectory
  nonisolated let startedAt = Timestamp.now

  /// Whether a command started it: then nobody starts another before the next command.
  nonisolated let isBackground: Bool
  nonisolated let preparation: Preparation
  nonisolated let ports: FreePorts
  nonisolated let ledger: Ledger
  nonisolated let files = FileWatch()
  nonisolated let logs: RotatedLogs
  nonisolated let lanes: Lanes
  nonisolated let hook: Hook
  nonisolated let jobs: Jobs
  nonisolated let images: Images

  var machines: [String: VirtualMachine] = [:]

  /// How many commands use each VM's actor now.
  private var users: [String: Int] = [:]

  /// Counts the looks for unused actors, so that one tells whether another came between.
  private var uses = 0

  /// The last report of each VM that is defined, by id.
  var reports: [String: VMReport] = [:]

  /// Whether every guest is on its way down, and none is started any more.
  var isStandingDown = false

  /// The order in which VMs start and end, by what they report, and those whose end waits for others.
  var order = FleetOrder()
  var heldEnds: Set<VMName> = []

  /// How many commands that are being answered end each VM.
  var ending: [VMName: Int] = [:]

  /// Whether not all VMs of the state folder are known yet.
  var isRecovering = false

  /// The files of images that are being removed: no VM is to stand on one any more.
  var leavingImages: [DiskImage.Identity: String] = [:]

  /// The downloads under way, by what is downloaded.
  var pulls: [RemoteImage: Pull] = [:]

  /// The VMs that processes hold, by id.
  var held: [String: HeldVM] = [:]

  /// Who waits until no VM has a process.
  var whenDown: [CheckedContinuation<Void, Never>] = []

  /// The labs that have VMs or are being made, by name, and those whose file cannot be read.
  var labs: [String: Lab] = [:]
  var unreadableLabs: [String: LabRecord.Unreadable] = [:]

  /// The networks of labs that have a switch, or had one, by id.
  var networks: [String: LabNetwork] = [:]

  /// Where folders of networks are being removed.
  var networkLanes: [String: Lane] = [:]

  /// Tells every client what is made only if there is one; set once the control socket is there.
  package typealias Tell = @Sendable (@escaping @Sendable () -> QMPEvent) -> Void
  private var tell: Tell = { _ in }

  /// Events of VMs that wait for this actor, and how many may.
  private nonisolated let waitingGuestEvents = Atomic<Int>(0)
  private static let mostWaitingGuestEvents = 1000

  /// Called when a VM's state or the number of VMs changed.
  private(set) var changed: @Sendable () -> Void = {}

  package init(
    locations: Locations, state: StateDirectory, environment: [String: String], isBackground: Bool = false
  ) {
    self.isBackground = isBackground
    self.locations = locations
    self.state = state
    ledger = Ledger(LedgerFiles(folder: state.path))
    logs = RotatedLogs(files)
    lanes = Lanes()
    hook = Hook(locations, lanes)
    jobs = Jobs(files: JobFiles(folder: state.path + "/jobs"))
    images = Images(
      store: ImageStore(folder: state.path + "/images"), environment: environment, locations: locations)
    ports = FreePorts(folder: state.path + "/disks")
    preparation = Preparation(
      locations: locations, state: state,
      catalog: EmulatorCatalog(folder: state.path + "/emulators", environment: environment, lanes: lanes),
      environment: environment, lanes: lanes, ports: ports)
  }

  /// Connects the supervisor with those who want to know.
  package func connect(
    tell: @escaping Tell, changed: @escaping @Sendable () -> Void
  ) async {
    await jobs.connect(tell: tell, changed: changed)
    self.tell = tell
    ledger.onRecord { record in tell { QMPEvent("LEDGER", record.json) } }
    self.changed = changed
  }

  /// Whether a VM has a process or will have one by itself.
  package var isNeeded: Bool {
    reports.values.contains { $0.keepsSupervisor }
      || labs.values.contains { $0.record?.pending.isEmpty == false }
      || networks.values.contains { !$0.isWanted && $0.report.isAlive }
  }

  // MARK: VMs by name

  /// The VM that a name means: `shop/web`, else a VM outside labs, else the only one of that name.
  ///
  /// One that was read from a lab file means that file's VM and no other's.
  func identify(_ vm: VMReference) throws(ControlError) -> VMName {
    let text = vm.name
    let name: VMName
    do throws(NameError) {
      name = try VMName(parsing: text)
    } catch {
      throw ControlError(.notFound, "no VM is called '\(text)': \(error)", fact: .noSuchVM)
    }
    if let file = vm.file, let owner = labFile(of: name), owner != file {
      throw .otherLabFile(name.lab ?? "", owner: owner, file: file)
    }
    if reports[name.id] != nil { return name }
    let bearers = reports.values.map(\.name).filter { $0.name == name.name && name.lab == nil }.sorted()
    switch bearers.count {
    case 1: return bearers[0]
    case 0: throw .noSuchVM(text, known: reports.values.map { "\($0.name)" })
    default:
      let names = bearers.map { "\($0)" }.joined(separator: ", ")
      throw ControlError(
        .notFound, "'\(text)' may mean \(names)", fact: .ambiguousName,
        advice: ["Name one of them with its lab."])
    }
  }

  /// Runs something on the VM of a name.
  ///
  /// A VM has one actor as long as somebody uses it or it is defined, also while it is forgotten and made anew.
  func with<Value: Sendable>(
    _ name: VMName, creating: Bool = false,
    _ body: @Sendable (VirtualMachine) async throws(ControlError) -> Value
  ) async throws(ControlError) -> Value {
    guard let machine = machines[name.id] ?? (creating ? make(name) : nil) else {
      throw .noSuchVM("\(name)", known: reports.values.map { "\($0.name)" })
    }
    users[name.id, default: 0] += 1
    let result: Result<Value, ControlError>
    do throws(ControlError) {
      result = .success(try await body(machine))
    } catch {
      result = .failure(error)
    }
    users[name.id, default: 1] -= 1
    await dropIfUnused(machine)
    return try result.get()
  }

  /// A VM that is not defined yet; it shows in no list before it is.
  func make(_ name: VMName) -> VirtualMachine {
    let machine = VirtualMachine(
      name: name, folder: state.folder(of: name.id), services: services(of: name))
    machines[name.id] = machine
    return machine
  }

  /// Lets an actor go that no definition and no command needs.
  func dropIfUnused(_ machine: VirtualMachine) async {
    let id = machine.name.id
    guard users[id] ?? 0 == 0 else { return }
    uses += 1
    let mark = uses
    let isDefined = await machine.isDefined
    // Somebody who came meanwhile has left a mark of his own, or is there still.
    guard !isDefined, mark == uses, users[id] ?? 0 == 0 else { return }
    users[id] = nil
    machines[id] = nil
  }

  private func services(of name: VMName) -> VirtualMachine.Services {
    let preparation = preparation
    return VirtualMachine.Services(
      runtime: locations.runtime(of: name), ledger: ledger, files: files,
      prepare: { [weak self] record, folder, purpose, lane, isPatient throws(ControlError) in
        let others = await self?.images(beside: name, for: purpose) ?? []
        let launch = try await preparation.launch(
          record, folder: folder, purpose: purpose, others: others, lane: lane, isPatient: isPatient)
        if purpose != .show { try await self?.refuseLeavingImage(launch.images.holding) }
        return launch
      },
      awaitImage: { [weak self] wait, machine in await self?.awaitImage(wait, for: machine) },
      leaveImage: { [weak self] wait in await self?.leave(wait) },
      readyNetworks: { [weak self] cards throws(ControlError) in
        try await self?.makeNetworksReady(for: name, cards)
      },
      copyImage: { [weak self] disk, tool, work in await self?.copyImage(disk, tool, work, for: name) },
      unmet: { [weak self] dependencies in await self?.unmet(dependencies, of: name) ?? [] },
      changed: { [weak self] report in self?.take(report) },
      disks: preparation.disks(of: name), madeDisks: MadeDisks(of: name, state: state.path),
      firstBoot: .of(name, state: state.path), ports: ports,
      removed: { [weak self] report in self?.forget(report) },
      lanes: lanes, logs: logs, hook: hook,
      broadcast: { [weak self] event in self?.broadcast(event) },
      broadcastOfGuest: { [weak self] event in self?.broadcastOfGuest(event) })
  }

  /// The images of the VMs that have a process or will have one by themselves, if this one is to run beside them.
  private func images(beside name: VMName, for purpose: Preparation.Purpose) -> [ImageHolding] {
    guard purpose == .start || purpose == .check && reports[name.id]?.keepsSupervisor == true else {
      return []
    }
    return reports.values.filter { $0.keepsSupervisor && $0.name != name }.sorted { $0.name < $1.name }
      .compactMap(\.images)
  }

  /// Puts the sockets for users back where their paths were removed, as far as their folders answer.
  func offerSockets() async {
    await withTaskGroup { group in
      for machine in machines.values { group.addTask { await machine.offerSockets(within: .seconds(1)) } }
    }
  }

  /// Returns when what VMs have given to be kept is on file, or their disks take too long; false when one's is not.
  func settleFiles() async -> Bool {
    await withTaskGroup { group in
      for machine in machines.values { group.addTask { await machine.settleState(within: .seconds(1)) } }
      var isSettled = true
      for await isDone in group where !isDone { isSettled = false }
      return isSettled
    }
  }

  // MARK: What VMs say; each keeps the order in which a VM said it

  nonisolated func take(_ report: VMReport) {
    executor.queue.async {
      self.assumeIsolated {
        let wasUnread = $0.reports[report.name.id]?.isUnread == true
        $0.reports[report.name.id] = report
        $0.follow(report)
        $0.followNetworks(report)
        $0.followHolder(report)
        if wasUnread, !report.isUnread { $0.goOn(behindFilesOf: report.name) }
        $0.tellIfDown()
        $0.tell { VMEvent.changed(report.change()).event }
        $0.changed()
      }
    }
  }

  nonisolated private func forget(_ report: VMReport) {
    executor.queue.async {
      self.assumeIsolated {
        $0.reports[report.name.id] = nil
        $0.followRemoval(of: report.name)
        $0.held[report.name.id] = nil
        $0.reviewNetworks(of: report.name.lab)
        $0.forgetInLab(report.name)
        $0.tellIfDown()
        if let machine = $0.machines[report.name.id] { Task { await self.dropIfUnused(machine) } }
        $0.tell { VMEvent.removed(report.name.full, wish: report.wish).event }
        $0.changed()
      }
    }
  }

  /// Behind the states that the VM has told.
  nonisolated private func broadcast(_ event: @escaping @Sendable () -> QMPEvent) {
    executor.queue.async { self.assumeIsolated { $0.tell(event) } }
  }

  /// The same for what a guest can bring about, which is dropped while too much waits.
  nonisolated private func broadcastOfGuest(_ event: @escaping @Sendable () -> QMPEvent) {
    guard waitingGuestEvents.add(1, ordering: .relaxed).newValue <= Self.mostWaitingGuestEvents else {
      waitingGuestEvents.subtract(1, ordering: .relaxed)
      return
    }
    executor.queue.async {
      self.waitingGuestEvents.subtract(1, ordering: .relaxed)
      self.assumeIsolated { $0.tell(event) }
    }
  }
}
