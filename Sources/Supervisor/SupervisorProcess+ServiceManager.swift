internal import Control
internal import Glibc
internal import Host

// What passes between a supervisor and the service manager that has started it.
extension SupervisorProcess {
  /// Takes the control socket that the service manager has made; nil where it has made none.
  ///
  /// Every other one that it hands over is refused: nobody would hear there.
  static func takeListener(
    from manager: ServiceManager, _ locations: Locations
  ) throws(Failure) -> PassedDescriptor? {
    let passed: [PassedDescriptor]
    do throws(SystemError) {
      passed = try manager.takeListeners()
    } catch {
      throw Failure(description: "what the service manager has handed over cannot be taken: \(error)")
    }
    guard let first = passed.first else { return nil }
    let path = first.listenerPath
    // Nobody is served yet.
    let isOurs = SharedQueues.allowBlocking {
      path == locations.controlSocket
        || path.map { FileSystem.isSameFile($0, locations.controlSocket) } ?? false
    }
    guard passed.count == 1, isOurs else {
      let what = path.map { "the socket \($0)" } ?? "what is no socket that listens"
      let others = passed.count == 1 ? "" : " and \(passed.count - 1) more"
      throw Failure(
        description: """
          the service manager has handed over \(what)\(others), and the control socket is \(locations.controlSocket)
            ListenStream= of its unit and QEMUVM_RUNTIME_DIR belong together.
          """)
    }
    return first
  }

  /// It serves: the service manager may start what comes behind it.
  func tellManager() {
    manager.tell(.ready, .mainProcess(getpid()))
    armWatchdog()
  }

  /// Half of the time, so that one late answer is not the last.
  private func armWatchdog() {
    if let time = manager.watchdogTime { watchdog.arm(at: .now + time / 2) }
  }

  /// Says that the supervisor goes on when those have answered who answer clients.
  func answerWatchdog() {
    Task {
      _ = await supervisor.isNeeded
      _ = await server?.clientCount
      manager.tell(.alive)
      armWatchdog()
    }
  }
}
