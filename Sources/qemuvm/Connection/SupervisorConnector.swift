internal import Control
internal import Glibc
internal import Host
internal import Machine
internal import Supervisor

/// Reaches the supervisor, and starts one where none runs.
struct SupervisorConnector {
  let context: Context

  private var locations: Locations { context.locations }

  /// A connection to the supervisor that runs, or to one just started.
  func connect() throws -> ControlClient {
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
    // Whoever holds this lock starts a supervisor or leaves as one: only one of them at a time decides.
    let lock = try takeStartLock()
    defer { withExtendedLifetime(lock) {} }
    if let client = try connectIfRunning() { return client }
    try SupervisorLauncher(context: context).launch()
    guard let client = try client(at: locations.controlSocket) else {
      throw CommandFailure(
        .noSupervisor, nil, "the supervisor started and left at once",
        hints: ["\(locations.supervisorLog) tells why."])
    }
    return client
  }

  /// A connection to the supervisor, or nil when none runs.
  func connectIfRunning() throws -> ControlClient? {
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
      let client = try ControlClient.connect(to: path)
      if let other = client.stateDirectory, !isOurs(other) { return .foreign(foreign(other, path)) }
      noteOtherVersion(client)
      return .connected(client)
    } catch let error as SystemError {
      switch error.code {
      case ENOENT, ECONNREFUSED: return .absent
      case EAGAIN: return .refused(unreachable("it takes no connections: it hangs, or is stopped"))
      case ENAMETOOLONG:
        return .refused(
          CommandFailure(
            .failed, path, "cannot be the control socket: \(error.call)",
            hints: ["Name a shorter folder in QEMUVM_RUNTIME_DIR."]))
      default: return .refused(unreachable(error.description))
      }
    } catch is ControlClient.Silence {
      return .silent
    } catch let error as ControlError where error.kind == .disconnected && !FileSystem.exists(path) {
      // It left between our connection and its greeting, and has removed its socket first.
      return .absent
    } catch {
      return .refused(unreachable("\(error)"))
    }
  }

  /// Whether a supervisor's state folder is the one that this command means.
  private func isOurs(_ folder: String) -> Bool {
    folder == locations.state || FileSystem.isSameFile(folder, locations.state)
  }

  private func foreign(_ folder: String, _ socket: String) -> CommandFailure {
    CommandFailure(
      .noSupervisor, nil,
      "the supervisor that listens at \(socket) keeps the VMs of \(folder), not of \(locations.state)",
      hints: [
        "QEMUVM_STATE_DIR and QEMUVM_RUNTIME_DIR belong together: set both for another fleet, or neither."
      ])
  }

  /// How long a supervisor may take to listen again when its socket was removed.
  private static let patience: Duration = .seconds(2)

  /// The supervisor that lives and whose socket is gone puts it back.
  private func awaitSocket() throws(CommandFailure) -> ControlClient? {
    let deadline = Instant.now + Self.patience
    let name = String(locations.controlSocket.dropFirst(locations.runtime.count + 1))
    do {
      try FileSystem.makeDirectory(locations.runtime)
      let watch = try FolderWatch.start(locations.runtime)
      repeat {
        if let client = try client(at: locations.controlSocket) { return client }
      } while try watch.wait(for: name, until: deadline) == .file
    } catch let error as CommandFailure {
      throw error
    } catch {
      // A folder that cannot be watched has no socket to come.
      return nil
    }
    return nil
  }

  /// The supervisor of our state where it listens at another place, because the runtime folder differs or was wiped.
  private func connectElsewhere() throws -> ControlClient? {
    guard let holder = ProcessLock.holder(locations.supervisorLock) else { return nil }
    try requireTrust(in: locations.state)
    let bytes = try FileSystem.read(locations.supervisorLock)
    let path = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }
    if !path.isEmpty, path != locations.controlSocket, let client = try client(at: String(path)) {
      return client
    }
    if path == locations.controlSocket, let client = try awaitSocket() { return client }
    throw CommandFailure(
      .noSupervisor, nil, "a supervisor runs (PID \(holder)) but nothing answers at \(path)",
      hints: ["'qemuvm supervisor stop' ends it and leaves guests running; the next command starts another."])
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
      throw CommandFailure(error, context)
    }
  }

  private func takeStartLock() throws -> FileLock? {
    do throws(SystemError) {
      return try FileLock.take(locations.startLock, wait: true)
    } catch {
      throw unusableState(error)
    }
  }

  private func unusableState(_ error: SystemError) -> CommandFailure {
    CommandFailure(
      .failed, error.subject ?? locations.state, "no supervisor can start here: \(error.reason)",
      hints: ["QEMUVM_STATE_DIR names another folder for qemuvm's state."])
  }

  private func silence() -> CommandFailure {
    let patience = TimeText.text(ControlClient.greetingDeadline)
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
    let subject = "the supervisor: "
    let words = reason.hasPrefix(subject) ? String(reason.dropFirst(subject.count)) : reason
    return CommandFailure(.noSupervisor, nil, "the supervisor cannot be reached: \(words)")
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
