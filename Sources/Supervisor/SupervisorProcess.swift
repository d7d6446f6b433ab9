package import Control
internal import Dispatch
internal import Glibc
package import Host
internal import JSON
internal import QMP

/// The supervisor as a process: one by its lock, listening, leaving when it is told to or not needed.
package actor SupervisorProcess {
  /// Why there is no supervisor; the text is for a person.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String

    /// Whether another one has the state already: who only wants one to be there has it.
    package var isTaken = false
  }

  package nonisolated let executor = QueueExecutor(label: "process")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  let locations: Locations
  let supervisor: Supervisor

  /// How long it stays without a VM to keep; nil for as long as it is let.
  private let grace: Duration?

  /// Where clients connect.
  private let place: ControlPlace

  /// Who has started it and wants to hear how it is, if anybody does.
  let manager: ServiceManager
  lazy var watchdog = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.answerWatchdog() }
  }
  private(set) var server: ControlServer?
  private var signals: SignalWatch?
  private(set) var isLeaving = false

  /// Commands that are being answered.
  private var requests = 0

  /// Fires from time to time while VMs change, and once more when all is quiet.
  private lazy var trim = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.trimHeap() }
  }
  private var nextTrim = Trim.none
  private var hasChanged = false

  private enum Trim {
    case none

    /// Amid changes.
    case soon

    /// When Dispatch has let go of the threads that they needed: each keeps some of what it has freed to itself.
    case last
  }
  private lazy var idle = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.leaveIfIdle() }
  }

  private init(
    locations: Locations, supervisor: Supervisor, grace: Duration?, place: ControlPlace,
    manager: ServiceManager
  ) {
    self.place = place
    self.manager = manager
    self.locations = locations
    self.supervisor = supervisor
    self.grace = grace
  }

  /// Runs the supervisor; it ends the process.
  ///
  /// Says to the descriptor that it listens, or why not.
  package static func run(
    locations: Locations, environment: [String: String], readyDescriptor: consuming FileDescriptor?
  ) async throws(Failure) -> Never {
    // What QEMU and we create is for this user alone; a peer that is gone is no reason to die.
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    // A limit on file sizes is an error of the write that meets it.
    signal(SIGXFSZ, SIG_IGN)
    let isBackground = readyDescriptor != nil
    let manager = ServiceManager(environment: environment)
    let passed = try takeListener(from: manager, locations)
    let readyDescriptor = try occupyLockDescriptor(besides: readyDescriptor)
    let process: SupervisorProcess
    do throws(Failure) {
      process = try await begin(
        locations, environment, isBackground: isBackground, manager: manager, passed: passed)
    } catch {
      say(error.isTaken ? .taken : .refused("\(error)"), to: readyDescriptor)
      throw error
    }
    Log.note("qemuvm \(qemuvmVersion) listens at \(locations.controlSocket)")
    say(.listening, to: readyDescriptor)
    await process.tellManager()
    await process.stay()
  }

  /// Takes the state over, brings back what runs, and listens.
  private static func begin(
    _ locations: Locations, _ environment: [String: String], isBackground: Bool, manager: ServiceManager,
    passed: PassedDescriptor?
  ) async throws(Failure) -> SupervisorProcess {
    // Nobody is served yet.
    let state = try SharedQueues.allowBlocking { () throws(Failure) in try open(locations) }
    let lock = try SharedQueues.allowBlocking { () throws(Failure) in
      try takeLock(locations, isBackground: isBackground)
    }
    let place = try SharedQueues.allowBlocking { () throws(Failure) in
      try takePlace(locations.runtime, locations)
    }
    // In the foreground stderr is somebody else's.
    let isLogOurs = SharedQueues.allowBlocking {
      FileSystem.isSameFile("/proc/self/fd/\(STDERR_FILENO)", locations.supervisorLog)
    }
    let supervisor = Supervisor(
      locations: locations, state: state, environment: environment, isBackground: isBackground)
    // One in the foreground was started by somebody who wants it, such as an init system. A year is for ever.
    let seconds = environment["QEMUVM_IDLE_SECONDS"].flatMap(Int.init).map { min(max($0, 0), 31_536_000) }
    let grace = isBackground ? seconds ?? 60 : nil
    let process = SupervisorProcess(
      locations: locations, supervisor: supervisor, grace: grace.map { .seconds($0) },
      place: ControlPlace(locations, lock: lock, place: place, files: supervisor.files, passed: passed),
      manager: manager)
    raiseDescriptorLimit()
    do throws(SystemError) {
      try await supervisor.recover()
      try await process.listen()
    } catch {
      throw Failure(description: "the supervisor cannot start: \(error)")
    }
    if isLogOurs {
      supervisor.logs.keep(
        LogRotation(locations.supervisorLog, sizeLimit: 10 << 20, keptCount: 3),
        on: supervisor.lanes["the supervisor's log"])
    }
    return process
  }

  private static func open(_ locations: Locations) throws(Failure) -> StateDirectory {
    try requireTrust(in: locations.state, locations)
    do throws(StateDirectory.Refusal) {
      return try StateDirectory(at: locations.state)
    } catch {
      throw Failure(description: error.description)
    }
  }

  /// Whoever can write into one of our folders could tell us what to run.
  private static func requireTrust(in folder: String, _ locations: Locations) throws(Failure) {
    do throws(UntrustedFile) {
      try locations.requireTrust(in: folder)
    } catch {
      throw Failure(description: "\(error)\n  \(locations.adviceOnTrust(in: error))")
    }
  }

  private static func takeLock(_ locations: Locations, isBackground: Bool) throws(Failure) -> ProcessLock {
    for _ in 0..<10 {
      do throws(SystemError) {
        let text = locations.controlSocket + "\n"
        if let lock = try ProcessLock.take(locations.supervisorLock, saying: text) { return lock }
      } catch {
        throw Failure(description: "the supervisor's lock cannot be taken: \(error)")
      }
      // A command may have started one a moment before its init system did.
      guard !isBackground, takesOver(locations.supervisorLock) else { break }
    }
    let holder = ProcessLock.holder(locations.supervisorLock).map { ", process \($0)" } ?? ""
    throw Failure(
      description: "a supervisor of \(locations.state) is running already\(holder)", isTaken: true)
  }

  /// How long one that was started by a command may take to make room.
  private static let takeOverTime = Duration.seconds(10)

  /// Ends a supervisor that a command has started; its guests go on.
  ///
  /// False where it is none, or stays.
  private static func takesOver(_ lock: String) -> Bool {
    // Held before it is looked at: then it is the lock's holder, and no later process of its number.
    guard let pid = ProcessLock.holder(lock), let process = try? ChildProcess(adopting: pid) else {
      return true
    }
    guard ProcessLock.holder(lock) == pid else { return true }
    guard ProcessTable.arguments(pid: pid)?.contains(SupervisorStart.option) == true else { return false }
    Log.note("the supervisor that a command has started, process \(pid), makes room")
    process.signal(SIGTERM)
    return process.wait(until: .now + takeOverTime) != nil
  }

  /// Two supervisors of different states must not take each other's control socket away.
  ///
  /// One that was killed gives this lock up a moment after the other, when the kernel has closed all its files: a lock
  /// that is held is looked at again for a second.
  static func takePlace(_ folder: String, _ locations: Locations) throws(Failure) -> ControlPlace.Place {
    try requireTrust(in: folder, locations)
    let lock: FileLock?
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder)
      lock = try FileLock.take(Locations.controlLock(in: folder), within: .seconds(1))
    } catch {
      throw Failure(description: "the runtime folder cannot be used: \(error)")
    }
    guard let lock else {
      throw Failure(
        description: """
          the supervisor of another state folder serves \(folder)
            Name a runtime folder for this one with QEMUVM_RUNTIME_DIR.
          """)
    }
    return ControlPlace.Place(folder: folder, lock: lock)
  }

  /// A VM takes a handful of descriptors; the customary soft limit of 1024 ends at 200 VMs.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Clients share the descriptors with the VMs.
  private static var clientLimit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 64 }
    return min(1000, max(64, Int(clamping: limit.rlim_cur) / 4))
  }

  private func listen() async throws(SystemError) {
    guard let listener = try await place.begin().take() else { return }
    let supervisor = supervisor
    let server = ControlServer(
      listener: listener, clientLimit: Self.clientLimit, stateDirectory: supervisor.state.path
    ) {
      [weak self] request throws(ControlError) in
      if case .quit(let guests, let timeout) = request {
        await self?.quit(guests: guests, within: timeout)
        return [:]
      }
      await self?.requestBegan()
      let result: Result<JSONValue, ControlError>
      do throws(ControlError) {
        result = .success(try await supervisor.answer(request))
      } catch {
        result = .failure(error)
      }
      await self?.requestEnded()
      return try result.get()
    }
    self.server = server
    await supervisor.connect(
      tell: { event in server.broadcast(event()) },
      changed: { [weak self] in
        Task { [weak self] in await self?.vmChanged() }
      })
    await server.start()
    await place.keep(
      prepare: { [weak self] in
        await supervisor.offerSockets()
        return await self?.isLeaving == false
      },
      listen: { if let listener = $0.take() { await server.listen(on: listener) } })
    signals = SignalWatch([SIGTERM, SIGINT, SIGHUP], queue: executor.queue) { [weak self] number in
      self?.assumeIsolated { $0.leave("on \(Signal.name(number))") }
    }
    beginGrace()
  }

  /// Never returns: the process ends in `leave`.
  private func stay() async -> Never {
    while true {
      await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
  }

  // MARK: Leaving

  /// How long one that was told to leave waits for a command that starts another.
  private static let startLockTime = Duration.seconds(1)

  private func requestBegan() {
    requests += 1
    idle.arm(at: nil)
  }

  private func requestEnded() {
    requests -= 1
    beginGrace()
  }

  /// What starts needed is given back soon, also amid many: the heap would keep several times what lives.
  private func vmChanged() {
    hasChanged = true
    if nextTrim != .soon { trim(.soon, after: .milliseconds(500)) }
    beginGrace()
  }

  private func trim(_ which: Trim, after delay: Duration) {
    nextTrim = which
    trim.arm(at: .now + delay)
  }

  private func trimHeap() {
    Heap.trim()
    if hasChanged {
      trim(.soon, after: .milliseconds(500))
    } else if nextTrim == .soon {
      trim(.last, after: .seconds(10))
    } else {
      nextTrim = .none
    }
    hasChanged = false
  }

  /// Begins the grace period anew; whether we are needed is asked when it is over.
  private func beginGrace() {
    if requests == 0, let grace { idle.arm(at: .now + grace) }
  }

  private func leaveIfIdle() {
    Task {
      if requests > 0 || supervisor.jobs.areRunning { return }
      if await supervisor.isNeeded { return }
      leave("no VM runs", ifIdle: true)
    }
  }

  /// Leaves at once, or when every guest is down.
  private func quit(guests: Bool, within time: Duration?) {
    guard guests else { return leave("asked to") }
    Log.note("leaving with the guests")
    Task {
      await supervisor.standDown(within: time)
      let isRecorded = await supervisor.settleFiles()
      server?.broadcast(QMPEvent(ControlServer.guestsDownEvent, ["recorded": .bool(isRecorded)]))
      leave("its guests are down")
    }
  }

  /// Ends the process; guests go on, and their next supervisor takes them back.
  ///
  /// Under `start.lock`: a client that finds no supervisor starts one when we are gone, not before. Who leaves for
  /// idleness stays where somebody has it, who may be about to connect; who was told to leave does not wait for long:
  /// a command that was stopped holds it for ever.
  private func leave(_ why: String, ifIdle: Bool = false) {
    guard !isLeaving else { return }
    isLeaving = true
    if !ifIdle {
      manager.tell(.stopping)
      supervisor.startNothing()
    }
    Task {
      let (locations, server, supervisor, place) = (locations, server, supervisor, place)
      let patience = ifIdle ? Duration.zero : Self.startLockTime
      // Where the lock's file cannot be opened there is no client that starts another either.
      let lock = await offQueue { () -> Int32 in
        (try? FileLock.take(locations.startLock, waiting: patience))??.release().release() ?? -1
      }
      let isNeeded = await supervisor.isNeeded || supervisor.jobs.areRunning
      if ifIdle, requests > 0 || isNeeded || lock < 0 {
        if lock >= 0 { _ = FileDescriptor(owning: lock) }
        isLeaving = false
        return beginGrace()
      }
      Log.note("leaving: \(why)")
      if ifIdle {
        _ = await supervisor.settleFiles()
        // A client between its connection and its first command is waited for like one that has sent it.
        await server?.ifUnused {
          place.remove()
          supervisor.recordLeave(why)
          _exit(0)
        }
        _ = FileDescriptor(owning: lock)
        isLeaving = false
        return beginGrace()
      }
      place.remove()
      await server?.close()
      _ = await supervisor.settleFiles()
      supervisor.recordLeave(why)
      _exit(0)
    }
  }
}
