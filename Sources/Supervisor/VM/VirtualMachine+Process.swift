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
    let attempt = lifecycle.process.attempt
    if let failure = imageFailure {
      imageFailure = nil
      noteRefusal(failure, "start")
      return spawnFailed(failure.sentence)
    }
    sayIfSilent(attempt)
    if let launch, areFilesReady, launch.machine.labCards.isEmpty, launch.helpers.isEmpty {
      return spawn(launch)
    }
    preparations += 1
    Task {
      let result = await makeReady()
      preparations -= 1
      releaseUnusedHelpers()
      removeIfForgotten()
      // A stop that came meanwhile has won.
      guard lifecycle.process.attempt == attempt, lifecycle.awaitsSpawn else { return }
      switch result {
      case .success(.launch(let launch)): spawn(launch)
      case .success(.download(let image)): awaitImage(image)
      case .success(.copy(let disk, let base, let tool)): awaitCopy(disk, of: base, tool)
      case .failure(let error):
        noteRefusal(error, "start")
        spawnFailed(error.sentence)
      }
    }
  }

  /// Says of a start that nobody waits for what it waits for itself.
  private func sayIfSilent(_ attempt: Int) {
    executor.after(Preparation.patience) { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.lifecycle.process.attempt == attempt, vm.lifecycle.awaitsSpawn, vm.preparations > 0 else {
          return
        }
        let place = vm.lane.place.map { ": \($0)" } ?? ""
        vm.tell(
          "no answer from its files for \(Preparation.patience.seconds) s\(place); it starts when they answer"
        )
      }
    }
  }

  /// A start that failed is decided anew the next time.
  ///
  /// Told later on the queue: the lifecycle is still at the input that this start is an effect of.
  private func spawnFailed(_ words: String) {
    launch = nil
    let attempt = lifecycle.process.attempt
    executor.queue.async { [weak self] in
      self?.assumeIsolated { vm in
        if vm.lifecycle.process.attempt == attempt { vm.apply(.spawnFailed(words)) }
      }
    }
  }

  /// What comes next of a start: it, or a job that it waits for, after which it is decided anew.
  private enum NextStep {
    case launch(Launch)
    case download(RemoteImage)
    case copy(OwnImage, of: BaseImage, DiskTool?)
  }

  /// Decides how QEMU is started, unless that is known, and writes the files it needs of us.
  private func makeReady() async -> Result<NextStep, ControlError> {
    do throws(ControlError) {
      while launch == nil, let record {
        let prepared = try await prepare(record, .start, isPatient: true)
        // A definition that came meanwhile has brought its own, or is prepared in its turn.
        if launch == nil, self.record == record { launch = prepared }
      }
    } catch {
      return .failure(error)
    }
    guard let launch else {
      return .failure(.cannot("start", name, damage?.description ?? "it has no definition", .damaged))
    }
    if let image = launch.missingImages.first { return .success(.download(image)) }
    let files = launch.files
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in
        for file in files { try file.prepare() }
      }
    } catch {
      return .failure(.cannot("start", name, "a file for QEMU cannot be written: \(error)", .file))
    }
    let images = launch.ownImages
    let copy = await diskLane.run {
      images.lazy.compactMap { image in image.copyToMake.map { (image, $0) } }.first
    }
    if let (disk, base) = copy { return .success(.copy(disk, of: base, launch.diskTool)) }
    do throws(ControlError) {
      try await makeFirstBootDisk(launch)
      try await makeImages(launch)
      let cards = launch.machine.labCards
      if !cards.isEmpty { try await services.readyNetworks(cards) }
      try await readyHelpers(launch)
    } catch {
      return .failure(error)
    }
    // Another launch may have taken its place; its files are another matter. What is thrown away is made for each run.
    if self.launch?.arguments == launch.arguments {
      areFilesReady = !launch.ownImages.contains(where: \.isThrownAway)
    }
    return .success(.launch(launch))
  }

  /// Makes the disk for cloud-init, and the free ports that were chosen durable.
  private func makeFirstBootDisk(_ launch: Launch) async throws(ControlError) {
    let (name, lane, ports) = (name, diskLane, services.ports)
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in try ports.keep(name) }
    } catch {
      throw .cannot("start", name, "the port that was chosen for it cannot be kept: \(error)", .file)
    }
    guard let seed = launch.machine.firstBoot else { return }
    do throws(HostTool.Failure) {
      try await lane.run { () throws(HostTool.Failure) in
        lane.reach(seed.places.disk)
        try seed.prepare(launch.firstBootTools)
      }
    } catch {
      throw error.refusal(name)
    }
  }

  /// Makes the VM's own disks for a start, or lets them grow; a stop calls it off.
  private func makeImages(_ launch: Launch) async throws(ControlError) {
    let work = ImageWork()
    imageWork = work
    defer { if imageWork === work { imageWork = nil } }
    try await makeImages(launch.ownImages, launch.diskTool, work)
  }

  func makeImages(
    _ images: [OwnImage], _ tool: DiskTool?, _ work: ImageWork
  ) async throws(ControlError) {
    let (name, lane, made) = (name, diskLane, services.madeDisks)
    guard !images.isEmpty else { return }
    try await lane.run { () throws(ControlError) in
      for image in images {
        lane.reach(image.path)
        do throws(ImageFailure) {
          try image.prepare(tool, work)
        } catch {
          throw error.refusal(image.key, image.path, name)
        }
      }
      do {
        try made.enter(images.filter { !$0.isThrownAway }.map(\.path))
      } catch {
        throw .cannot(
          "start", name, "that its disks were made cannot be recorded: \(made.file): \(error)", .file)
      }
    }
  }

  /// Starts QEMU; a busy lock is looked at again for a second.
  ///
  /// It may be in the hands of another VM's child between its fork and its exec, long after its own QEMU's end.
  private func spawn(_ launch: Launch, looks: Int = 100) {
    let attempt = lifecycle.process.attempt
    let serialPorts = launch.machine.serialPorts
    let start = ProcessStart(launch: launch, folder: folder) { [weak self] pid in
      self?.socketOffer(pid, serialPorts)
    }
    preparations += 1
    Task {
      let result = await lane.run { Result { () throws(SystemError) in try start.run() } }
      let isMeant = lifecycle.process.attempt == attempt && lifecycle.awaitsSpawn
      // A stop that came meanwhile has won: no guest code has run.
      if !isMeant, case .success(let started?) = result { await undo(started) }
      preparations -= 1
      defer { removeIfForgotten() }
      guard isMeant else { return }
      switch result {
      case .success(let started?): take(started, launch)
      case .success(nil): spawnLater(launch, looks: looks - 1)
      case .failure(let error): spawnFailed("cannot start: \(error)")
      }
    }
  }

  private func spawnLater(_ launch: Launch, looks: Int) {
    guard looks > 0 else { return lockStaysHeld() }
    let attempt = lifecycle.process.attempt
    executor.after(.milliseconds(10)) { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.lifecycle.process.attempt == attempt, vm.lifecycle.awaitsSpawn else { return }
        vm.spawn(launch, looks: looks)
      }
    }
  }

  /// The start fails, and says whom it has to wait for.
  private func lockStaysHeld() {
    let (attempt, lock) = (lifecycle.process.attempt, folder.lock)
    Task {
      let holder = await lane.run { LockHolder.describeAny(of: lock) }
      guard lifecycle.process.attempt == attempt, lifecycle.awaitsSpawn else { return }
      spawnFailed("cannot start: \(holder) holds its lock \(lock); when that is let go, it can be started")
    }
  }

  private func undo(_ started: StartedProcess) async {
    await started.undo()
    for token in started.sockets?.watches ?? [] { services.files.cancel(token) }
    let paths = sharedSockets
    // Each start puts them there anew.
    lane.add { for path in paths { _ = try? FileSystem.remove(path) } }
  }

  private func take(_ started: StartedProcess, _ launch: Launch) {
    startedAt = started.begun
    let accelerator = launch.machine.accelerator.rawValue
    note(.spawned(pid: started.process.pid, accelerator: accelerator), at: started.begun)
    follow(launch.machine)
    let run = Run(
      process: started.process, uuid: launch.machine.uuid, machine: launch.machine.description,
      logStart: started.logStart, consoleStart: started.consoleStart)
    run.diskOptions = Run.diskOptions(among: launch.arguments)
    run.isProven = true
    run.record = record
    run.listener = started.listener.take()
    take(run)
    connected(run, started.monitor)
    if let sockets = started.sockets { take(sockets, of: run) }
    apply(.spawned)
    // Which process it is, for all who have heard of the start.
    if self.run != nil { announce() }
  }

  /// Keeps whether KVM is what it runs with, and says so where it was there the last time and is not now: a module that
  /// loads late at the host's boot makes a guest slow for as long as it runs.
  private func follow(_ machine: Machine) {
    lifecycle.lostKVM = nil
    if machine.accelerator == .kvm { hadKVM = true }
    guard machine.accelerator == .tcg else { return }
    guard let why = machine.acceleratorNote else {
      // It is wanted so.
      hadKVM = false
      return
    }
    guard hadKVM else { return }
    lifecycle.lostKVM = "without KVM, which it had the last time"
    let words = "the last time it ran with KVM: \(why)"
    Log.note("\(name): \(words)", .warning)
    note(.message("\(words); 'qemuvm restart \(name)' takes KVM when it is there"))
  }

  /// Takes back a QEMU that an earlier supervisor started; its sockets for users are being offered.
  func adopt(_ survivor: KeptVM.Survivor, _ saved: SavedState) {
    let process = survivor.process
    let run = Run(
      process: process, uuid: saved.uuid, machine: saved.machine, logStart: survivor.logStart,
      consoleStart: saved.consoleStart ?? 0)
    run.diskOptions = Run.diskOptions(among: survivor.words)
    run.keptWish = saved.pid == process.pid ? saved.wish : nil
    run.wasChanging = saved.pid == process.pid && saved.isChanging
    run.program = survivor.words.first.map(FileSystem.name)
    take(run)
    connected(run, survivor.monitor)
    run.socketOffer = .asked
    Log.note("\(name): taken over, QEMU is process \(process.pid)")
    note(.adopted(pid: process.pid))
    apply(.adopted)
  }

  /// Watches a process.
  ///
  /// What fails beside it costs only itself: a process that lives is never lost from sight. One that cannot be asked is
  /// ended by signals when it is to end.
  private func take(_ run: Run) {
    self.run = run
    isUnkillable = false
    lifecycle.guest.hasPowerButton = run.machine?.hasPowerButton ?? true
    watch(run)
    keepLogs()
  }

  func watch(_ run: Run) {
    run.exitWatch = run.process.onExit(queue: executor.queue) { [weak self] status in
      self?.assumeIsolated { $0.processEnded(status) }
    }
  }
}
