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

  private let locations: Locations
  private let supervisor: Supervisor
  private let grace: Duration

  /// Ours as long as this process lives.
  private let lock: ProcessLock
  private var server: ControlServer?
  private var signals: SignalWatch?
  private var isLeaving = false
  private lazy var idle = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.leaveIfIdle() }
  }

  private init(
    locations: Locations, supervisor: Supervisor, grace: Duration, lock: consuming ProcessLock
  ) {
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
    let process: SupervisorProcess
    do throws(Failure) {
      process = try await begin(locations, environment)
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
    _ locations: Locations, _ environment: [String: String]
  ) async throws(Failure) -> SupervisorProcess {
    let state = try open(locations)
    let lock = try takeLock(locations)
    let supervisor = Supervisor(locations: locations, state: state, environment: environment)
    let grace = environment["QEMUVM_IDLE_SECONDS"].flatMap(Int.init) ?? 60
    let process = SupervisorProcess(
      locations: locations, supervisor: supervisor, grace: .seconds(grace), lock: lock)
    do throws(SystemError) {
      try await supervisor.recover()
      try await process.listen()
    } catch {
      throw Failure(description: "the supervisor cannot start: \(error)")
    }
    return process
  }

  private static func say(_ text: String, to descriptor: consuming FileDescriptor?) {
    guard let descriptor else { return }
    // Whoever started us may be gone.
    try? descriptor.write(Array(text.utf8))
  }

  private static func open(_ locations: Locations) throws(Failure) -> StateDirectory {
    do throws(StateDirectory.Refusal) {
      return try StateDirectory(at: locations.state)
    } catch {
      throw Failure(description: error.description)
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

  private func listen() async throws(SystemError) {
    try FileSystem.makeDirectory(locations.runtime)
    let listener = try UnixSocket.listen(at: locations.controlSocket)
    let supervisor = supervisor
    let server = ControlServer(listener: listener) {
      [weak self] request throws(ControlError) in
      await self?.stillNeeded()
      if request == .quit {
        await self?.leave("asked to")
        return [:]
      }
      return try await supervisor.answer(request)
    }
    self.server = server
    await supervisor.connect(
      tell: { event in server.broadcast(event) },
      changed: { [weak self] in
        Task { [weak self] in await self?.stillNeeded() }
      })
    await server.start()
    signals = SignalWatch([SIGTERM, SIGINT, SIGHUP], queue: executor.queue) { [weak self] number in
      self?.assumeIsolated { $0.leave("on \(Signal.name(number))") }
    }
    await stillNeeded()
  }

  /// Never returns: the process ends in `leave`.
  private func stay() async -> Never {
    while true {
      await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
  }

  // MARK: Leaving

  /// Begins the grace period anew, or calls it off while a VM needs us.
  private func stillNeeded() async {
    let needed = await supervisor.isNeeded
    idle.arm(at: needed ? nil : .now + grace)
  }

  private func leaveIfIdle() {
    Task {
      guard await !supervisor.isNeeded else { return }
      leave("no VM runs")
    }
  }

  /// Ends the process.
  ///
  /// Guests go on; their next supervisor takes them back.
  ///
  /// Under `start.lock`: a client that finds no supervisor starts one when we are gone, not before.
  private func leave(_ why: String) {
    guard !isLeaving else { return }
    isLeaving = true
    Log.note("leaving: \(why)")
    supervisor.ledger.append(.leaving, why: why, version: "\(qemuvmVersion)", pid: getpid())
    Task {
      let locations = locations
      // The number is never closed: the lock is ours until the process ends. Where it cannot be had there is no
      // client that starts another either.
      _ = await offQueue { try? FileLock.take(locations.startLock, wait: true)?.release().release() }
      // The path may be gone with its folder.
      _ = try? FileSystem.remove(locations.controlSocket)
      await server?.close()
      await supervisor.ledger.settle()
      exit(0)
    }
  }
}
