internal import Control
internal import Glibc
internal import Host
internal import Machine

/// Reaches the supervisor, and starts one where none runs.
struct SupervisorConnector {
  let context: Context

  /// When the person's own time limit is over; every wait here ends by then.
  var deadline: Instant?

  var locations: Locations { context.locations }

  /// How often a supervisor may leave, or another come first, before this is given up.
  static let rounds = 5

  /// A connection to the supervisor that runs, or to one just started.
  func connect() throws -> ControlClient {
    if let far = context.far { return try connect(to: far, starting: true) }
    switch attempt(at: locations.controlSocket) {
    case .connected(let client): return client
    case .silent: throw silence()
    case .foreign(let failure):
      guard let client = try connectElsewhere() else { throw failure }
      return client
    case .absent, .refused: break
    }
    // None is there, or one that is just leaving.
    try prepareFolders()
    // Whoever holds this lock starts a supervisor or leaves as one: only one of them at a time decides. Where it is
    // held for too long, by a command that was stopped, the supervisor's own lock decides alone.
    let lock = try takeStartLock()
    defer { withExtendedLifetime(lock) {} }
    for _ in 0..<Self.rounds {
      if let client = try connectIfRunning() { return client }
      if let unit = ServiceUnit.find(context) {
        try unit.start(context, within: limit(SupervisorLauncher.patience))
        continue
      }
      guard try SupervisorLauncher(context: context).launch(within: limit(SupervisorLauncher.patience)) else {
        continue
      }
      if let client = try client(at: locations.controlSocket) { return client }
    }
    throw CommandFailure(
      .noSupervisor, nil, "supervisors start and leave at once",
      hints: ["\(locations.supervisorLog) tells why."])
  }

  /// A connection to the supervisor, or nil when none runs.
  func connectIfRunning() throws -> ControlClient? {
    if let far = context.far { return try connect(to: far, starting: false) }
    switch attempt(at: locations.controlSocket) {
    case .connected(let client): return client
    case .silent: throw silence()
    case .absent: return try connectElsewhere()
    case .foreign(let failure):
      guard let client = try connectElsewhere() else { throw failure }
      return client
    case .refused(let failure): throw failure
    }
  }

  /// A connection to the supervisor that runs; without one this fails, and starts none.
  func connectToRunning() throws -> ControlClient {
    guard let client = try connectIfRunning() else {
      throw CommandFailure(.noSupervisor, nil, "no supervisor is running")
    }
    return client
  }

  private func connect(to host: FarHost, starting: Bool) throws -> ControlClient {
    let client = try FarConnection(host: host, context: context).client(starting: starting, until: deadline)
    noteOtherVersion(client)
    return client
  }

  /// What trying to connect has come to.
  private enum Attempt {
    case connected(ControlClient)

    /// Nobody listens.
    case absent

    /// Somebody does, and says nothing.
    case silent

    /// A supervisor does that keeps the VMs of another state folder.
    case foreign(CommandFailure)
    case refused(CommandFailure)
  }

  private func client(at path: String) throws(CommandFailure) -> ControlClient? {
    switch attempt(at: path) {
    case .connected(let client): return client
    case .absent: return nil
    case .silent: throw silence()
    case .foreign(let failure), .refused(let failure): throw failure
    }
  }

  private func attempt(at path: String) -> Attempt {
    do {
      let client = try ControlClient.connect(
        to: path, greetingDeadline: limit(context.patience.answer), sendPatience: context.patience.answer)
      if let other = client.stateDirectory, !isOurs(other) { return .foreign(foreign(other, path)) }
      noteOtherVersion(client)
      return .connected(client)
    } catch let error as SystemError {
      switch error.code {
      // Nor does anybody in a folder that a logout took away, or root has made anew.
      case ENOENT, ECONNREFUSED, ENOTDIR, EACCES: return .absent
      case EAGAIN: return .refused(unreachable("it takes no connections: it hangs, or is stopped"))
      case ENAMETOOLONG:
        return .refused(
          CommandFailure(
            .noSupervisor, path, "cannot be the control socket: \(error.call)",
            hints: ["Name a shorter folder in QEMUVM_RUNTIME_DIR."]))
      default: return .refused(unreachable("\(path): \(error.reason)"))
      }
    } catch is ControlClient.NoAnswer {
      return .silent
    } catch let error as ControlError where error.kind == .closing {
      // It left between our connection and its greeting.
      return .absent
    } catch {
      return .refused(unreachable("what answers at \(path) is none"))
    }
  }

  /// Whether a supervisor's state folder is the one that this command means.
  private func isOurs(_ folder: String) -> Bool {
    folder == locations.state || FileSystem.isSameFile(folder, locations.state)
  }

  /// The supervisor of our state that does not listen in our runtime folder: it has another, has lost its socket, or
  /// does not listen yet.
  ///
  /// Its lock says where it listens, and why it does not; it is written anew when either changes. One that is touched
  /// tells the supervisor that somebody waits. Nil when it has left.
  private func connectElsewhere() throws -> ControlClient? {
    guard ProcessLock.holder(locations.supervisorLock) != nil else { return nil }
    try requireTrust(in: locations.state)
    let until = limit(SupervisorLauncher.patience)
    let watch = try FolderWatch.start(locations.state)
    var isTouched = false
    while let pid = ProcessLock.holder(locations.supervisorLock) {
      let place = try SupervisorPlace(readingLock: locations.supervisorLock)
      if !place.socket.isEmpty, let client = try client(at: place.socket) { return client }
      if isTouched, let reason = place.refusal { throw unreachable(reason, pid) }
      if !isTouched { try FileSystem.touch(locations.supervisorLock) }
      isTouched = true
      // One that ends meanwhile is not waited for.
      let process: ChildProcess
      do throws(SystemError) {
        process = try ChildProcess(adopting: pid)
      } catch {
        if error.code == ESRCH, !isOverdue { continue }
        throw unreachable("\(error)", pid)
      }
      let name = String(locations.supervisorLock.dropFirst(locations.state.count + 1))
      guard try watch.wait(for: name, orEndOf: process, until: until) != .none else {
        throw isOverdue ? overdue() : unreachable("it does not listen at \(place.socket)", pid)
      }
    }
    return nil
  }

  private func prepareFolders() throws {
    try requireTrust(in: locations.state)
    do throws(SystemError) {
      try FileSystem.makeDirectory(locations.state)
    } catch {
      throw unusableState(error)
    }
  }

  /// Whoever can write into the state folder could lead us to a supervisor of his.
  private func requireTrust(in folder: String) throws(CommandFailure) {
    do throws(UntrustedFile) {
      try locations.requireTrust(in: folder)
    } catch {
      throw CommandFailure(error, context, .noSupervisor)
    }
  }

  /// How long another command may take to start a supervisor, or one to leave, before we go on without its leave.
  private static let lockTime = Duration.seconds(2)

  private func takeStartLock() throws -> FileLock? {
    do throws(SystemError) {
      return try FileLock.take(locations.startLock, waiting: max(.zero, limit(Self.lockTime) - .now))
    } catch {
      throw unusableState(error)
    }
  }
}

// MARK: - What goes wrong, and how long it may take

extension SupervisorConnector {
  /// When a wait of ours ends that may take so long, and not longer than the person's own limit.
  func limit(_ patience: Duration) -> Instant {
    let end = Instant.now + patience
    return deadline.map { min($0, end) } ?? end
  }

  private var isOverdue: Bool { deadline.map { .now >= $0 } ?? false }

  private func overdue() -> CommandFailure {
    CommandFailure(.deadline, nil, "the time is over and the supervisor has not answered")
  }

  private func foreign(_ folder: String, _ socket: String) -> CommandFailure {
    CommandFailure(
      .noSupervisor, nil,
      "the supervisor that listens at \(socket) keeps the VMs of \(folder), not of \(locations.state)",
      hints: [
        "QEMUVM_STATE_DIR and QEMUVM_RUNTIME_DIR belong together: set both for another fleet, or neither."
      ])
  }

  private func unusableState(_ error: SystemError) -> CommandFailure {
    CommandFailure(
      .noSupervisor, error.subject ?? locations.state, "no supervisor can start here: \(error.reason)",
      hints: ["QEMUVM_STATE_DIR names another folder for qemuvm's state."])
  }

  private func silence() -> CommandFailure {
    if isOverdue { return overdue() }
    let patience = "\(context.patience.answer.components.seconds) s"
    guard let pid = ProcessLock.holder(locations.supervisorLock) else {
      return unreachable("no answer within \(patience)")
    }
    let isStopped = ProcessTable.use(pid: pid)?.state == "T"
    let advice = "'kill -KILL \(pid)' ends it and leaves guests running; the next command starts another."
    return CommandFailure(
      .noSupervisor, nil,
      "the supervisor (PID \(pid)) has not answered within \(patience)"
        + (isStopped ? ": its process is stopped (SIGSTOP)" : ""),
      hints: isStopped ? ["'kill -CONT \(pid)' lets it go on.", advice] : [advice])
  }

  private func unreachable(_ reason: String) -> CommandFailure {
    CommandFailure(.noSupervisor, nil, "the supervisor cannot be reached: \(reason)")
  }

  private func unreachable(_ reason: String, _ pid: Int32) -> CommandFailure {
    CommandFailure(
      .noSupervisor, nil, "a supervisor runs (PID \(pid)) and cannot be reached: \(reason)",
      hints: ["'qemuvm supervisor stop' ends it and leaves guests running; the next command starts another."])
  }

  private func noteOtherVersion(_ client: ControlClient) {
    guard client.serverVersion != "\(qemuvmVersion)" else { return }
    context.diagnostics.note(
      """
      qemuvm: the supervisor is version \(client.serverVersion), this command \(qemuvmVersion)
        'qemuvm supervisor stop' ends it and leaves guests running; the next command starts this version's.

      """)
  }
}

/// Where a supervisor listens, as its lock says.
struct SupervisorPlace {
  /// The control socket's path; empty of one that has not said it yet.
  let socket: String

  /// Why it does not listen there, in the system's words.
  let refusal: String?

  init(readingLock path: String) throws(SystemError) {
    let lines = String(decoding: try FileSystem.read(path), as: UTF8.self).split(separator: "\n")
    socket = lines.first.map(String.init) ?? ""
    refusal = lines.count > 1 ? String(lines[1]) : nil
  }
}
