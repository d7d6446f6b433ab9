internal import Control
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
  }

  package nonisolated let executor = QueueExecutor(label: "process")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  let locations: Locations
  let supervisor: Supervisor
  private let grace: Duration

  /// Ours as long as this process lives: the state, and the place where clients connect.
  private let lock: ProcessLock
  var place: FileLock
  private(set) var server: ControlServer?

  /// Which file our control socket is.
  var socketIdentity: String?
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
    locations: Locations, supervisor: Supervisor, grace: Duration, lock: consuming ProcessLock,
    place: consuming FileLock
  ) {
    self.place = place
    self.lock = lock
    self.locations = locations
    self.supervisor = supervisor
    self.grace = grace
  }

  /// Runs the supervisor; it ends the process.
  ///
  /// Writes `ok` to the descriptor once it listens, or `error: ` and why there is no supervisor.
  package static func run(
    locations: Locations, environment: [String: String], readyDescriptor: consuming FileDescriptor?
  ) async throws(Failure) -> Never {
    // What QEMU and we create is for this user alone; a peer that is gone is no reason to die.
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    // A limit on file sizes is an error of the write that meets it.
    signal(SIGXFSZ, SIG_IGN)
    let isBackground = readyDescriptor != nil
    let readyDescriptor = occupyLockDescriptor(besides: readyDescriptor)
    let process: SupervisorProcess
    do throws(Failure) {
      process = try await begin(locations, environment, isBackground: isBackground)
    } catch {
      say("error: \(error)\n", to: readyDescriptor)
      throw error
    }
    Log.note("qemuvm \(qemuvmVersion) listens at \(locations.controlSocket)")
    say("ok\n", to: readyDescriptor)
    await process.stay()
  }

  /// Takes the state over, brings back what runs, and listens.
  private static func begin(
    _ locations: Locations, _ environment: [String: String], isBackground: Bool
  ) async throws(Failure) -> SupervisorProcess {
    let state = try open(locations)
    let lock = try takeLock(locations)
    let place = try takePlace(locations)
    let supervisor = Supervisor(
      locations: locations, state: state, environment: environment, isBackground: isBackground)
    let grace = environment["QEMUVM_IDLE_SECONDS"].flatMap(Int.init) ?? 60
    let process = SupervisorProcess(
      locations: locations, supervisor: supervisor, grace: .seconds(grace), lock: lock, place: place)
    raiseDescriptorLimit()
    do throws(SystemError) {
      try await supervisor.recover()
      try await process.listen()
    } catch {
      throw Failure(description: "the supervisor cannot start: \(error)")
    }
    // In the foreground stderr is somebody else's.
    if FileSystem.isSameFile("/proc/self/fd/\(STDERR_FILENO)", locations.supervisorLog) {
      supervisor.logs.keep(LogRotation(locations.supervisorLog, sizeLimit: 10 << 20, keptCount: 3))
    }
    return process
  }

  /// Takes the descriptor number by which a VM's QEMU is known, so that no lock of a VM ever stands there in the
  /// supervisor itself, not even for a moment.
  ///
  /// Gives back the descriptor for the first words, at another number.
  private static func occupyLockDescriptor(besides ready: consuming FileDescriptor?) -> FileDescriptor? {
    var moved: FileDescriptor?
    if let ready {
      // Without a second number there is nobody to tell.
      moved = try? ready.duplicate(atLeast: Launch.lockDescriptor + 1)
    }
    // A descriptor that Dispatch has opened in that place is as good.
    while let null = try? FileDescriptor.open("/dev/null", O_RDONLY) {
      let number = null.release()
      if number >= Launch.lockDescriptor {
        if number > Launch.lockDescriptor { close(number) }
        break
      }
    }
    return moved
  }

  private static func say(_ text: String, to descriptor: consuming FileDescriptor?) {
    guard let descriptor else { return }
    // Whoever started us may be gone.
    try? descriptor.write(Array(text.utf8))
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

  private static func takeLock(_ locations: Locations) throws(Failure) -> ProcessLock {
    let lock: ProcessLock?
    do throws(SystemError) {
      lock = try ProcessLock.take(locations.supervisorLock, saying: locations.controlSocket + "\n")
    } catch {
      throw Failure(description: "the supervisor's lock cannot be taken: \(error)")
    }
    guard let lock else {
      let holder = ProcessLock.holder(locations.supervisorLock).map { ", process \($0)" } ?? ""
      throw Failure(description: "a supervisor of \(locations.state) is running already\(holder)")
    }
    return lock
  }

  /// Two supervisors of different states must not take each other's control socket away.
  ///
  /// One that was killed gives this lock up a moment after the other, when the kernel has closed all its files: a lock
  /// that is held is looked at again for a second.
  static func takePlace(_ locations: Locations) throws(Failure) -> FileLock {
    try requireTrust(in: locations.runtime, locations)
    let lock: FileLock?
    do throws(SystemError) {
      try FileSystem.makeDirectory(locations.runtime)
      lock = try FileLock.take(locations.runtimeLock, within: .seconds(1))
    } catch {
      throw Failure(description: "the runtime folder cannot be used: \(error)")
    }
    guard let lock else {
      throw Failure(
        description: """
          the supervisor of another state folder serves \(locations.runtime)
            Name a runtime folder for this one with QEMUVM_RUNTIME_DIR.
          """)
    }
    return lock
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
    let listener = try UnixSocket.listen(at: locations.controlSocket)
    socketIdentity = try FileSystem.identity(of: locations.controlSocket)
    let supervisor = supervisor
    let server = ControlServer(
      listener: listener, clientLimit: Self.clientLimit, stateDirectory: supervisor.state.path
    ) {
      [weak self] request throws(ControlError) in
      if request == .quit {
        await self?.leave("asked to")
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
    watchSocket()
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
    if requests == 0 { idle.arm(at: .now + grace) }
  }

  private func leaveIfIdle() {
    Task {
      if requests > 0 { return }
      if await supervisor.isNeeded { return }
      leave("no VM runs", ifIdle: true)
    }
  }

  /// Ends the process; guests go on, and their next supervisor takes them back.
  ///
  /// Under `start.lock`: a client that finds no supervisor starts one when we are gone, not before. Who leaves for
  /// idleness looks once more when the lock is his: a client may have come while he waited for it.
  private func leave(_ why: String, ifIdle: Bool = false) {
    guard !isLeaving else { return }
    isLeaving = true
    Task {
      let (locations, server, supervisor) = (locations, server, supervisor)
      // Where the lock cannot be had there is no client that starts another either.
      let lock = await offQueue { () -> Int32 in
        (try? FileLock.take(locations.startLock, wait: true))??.release().release() ?? -1
      }
      let isNeeded = await supervisor.isNeeded
      if ifIdle, requests > 0 || isNeeded {
        _ = FileDescriptor(owning: lock)
        isLeaving = false
        return beginGrace()
      }
      Log.note("leaving: \(why)")
      if ifIdle {
        await supervisor.settleFiles()
        // A client between its connection and its first command is waited for like one that has sent it.
        await server?.ifUnused {
          _ = try? FileSystem.remove(locations.controlSocket)
          supervisor.recordLeave(why)
          _exit(0)
        }
        _ = FileDescriptor(owning: lock)
        isLeaving = false
        return beginGrace()
      }
      // The path may be gone with its folder.
      _ = try? FileSystem.remove(locations.controlSocket)
      await server?.close()
      await supervisor.settleFiles()
      supervisor.recordLeave(why)
      _exit(0)
    }
  }
}
