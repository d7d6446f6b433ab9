internal import CLinux
package import Dispatch
internal import Glibc

/// How a process ended.
package enum ExitStatus: Sendable, Hashable {
  case code(Int32)
  case signal(Int32)

  /// The process was not our child and the kernel no longer tells.
  case unknown

  /// From waitpid(2)'s word.
  package init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    self = signal == 0 ? .code((waitStatus >> 8) & 0xff) : .signal(signal)
  }
}

/// A process held by its pidfd: the only way in which one is signalled, awaited or reaped here.
///
/// Bound to no queue; `onExit` says where its handler runs.
package final class ChildProcess: Sendable {
  /// What to start and what it gets.
  package struct Launch: Sendable {
    package var program: String
    package var arguments: [String]
    package var environment: [String]

    /// The child's descriptor numbers and ours that go there; all others are closed.
    package var descriptors: [Int32: Int32] = [:]
    package var directory: String?

    /// Whether it is away from our terminal and its signals.
    package var hasOwnSession = true

    /// `arguments` without the program's name, which becomes the first; `environment` as `NAME=value`.
    package init(program: String, arguments: [String], environment: [String] = ChildProcess.environment) {
      self.program = program
      self.arguments = arguments
      self.environment = environment
    }
  }

  package let pid: Int32
  private let pidfd: FileDescriptor

  /// Starts a program in its own session with a clean signal mask and default signal actions.
  ///
  /// Corresponds to posix_spawn(3). Descriptors 0 to 2 are /dev/null unless named; every one not named is closed.
  package init(_ launch: Launch) throws(SystemError) {
    SharedQueues.assertMayBlock(launch.program)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }

    let highest = max(2, launch.descriptors.keys.max() ?? 2)
    // Sources are moved above every target first, so that no target overwrites a source still to come.
    var moved: [Int32] = []
    defer { for descriptor in moved { close(descriptor) } }
    for target in 0...highest {
      if let source = launch.descriptors[target] {
        let safe = try retrying("fcntl") { fcntl(source, F_DUPFD_CLOEXEC, highest + 1) }
        moved.append(safe)
        posix_spawn_file_actions_adddup2(&actions, safe, target)
      } else if target <= 2 {
        posix_spawn_file_actions_addopen(&actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
      }
    }
    linux_spawn_close_from(&actions, highest + 1)
    if let directory = launch.directory { linux_spawn_change_directory(&actions, directory) }

    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, linux_spawn_flags(launch.hasOwnSession ? 1 : 0))

    var child: pid_t = 0
    let code = withStringVector([launch.program] + launch.arguments) { arguments in
      withStringVector(launch.environment) { environment in
        posix_spawn(&child, launch.program, &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else { throw SystemError("posix_spawn", launch.program, code: code) }
    pid = child
    // Our own child cannot be replaced by another process before it is reaped, which only this type does.
    let number = linux_pidfd_open(child)
    guard number >= 0 else {
      let error = SystemError("pidfd_open")
      // Nobody could hold it, and nobody else knows it: it must not live on.
      kill(child, SIGKILL)
      while waitpid(child, nil, 0) < 0, errno == EINTR {}
      throw error
    }
    pidfd = FileDescriptor(owning: number)
  }

  /// Its pidfd, for poll(2): readable once the process has ended.
  ///
  /// Valid as long as this object lives.
  package var descriptor: Int32 { pidfd.rawValue }

  /// Takes hold of a process that is not our child.
  ///
  /// The caller proves its identity afterwards.
  package init(adopting pid: Int32) throws(SystemError) {
    self.pid = pid
    pidfd = FileDescriptor(owning: try retrying("pidfd_open") { linux_pidfd_open(pid) })
  }

  /// Corresponds to pidfd_send_signal(2); false when the process is gone.
  @discardableResult
  package func signal(_ signal: Int32) -> Bool {
    linux_pidfd_send_signal(pidfd.rawValue, signal) == 0
  }

  /// As above, for a caller who is to know why it cannot be signalled; one that is gone is no error.
  package func send(_ signal: Int32) throws(SystemError) {
    do throws(SystemError) {
      let number = pidfd.rawValue
      _ = try retrying("pidfd_send_signal") { linux_pidfd_send_signal(number, signal) }
    } catch {
      guard error.code == ESRCH else { throw error }
    }
  }

  /// Whether the process has ended: its pidfd is readable, zombie or not.
  package var hasExited: Bool {
    var poller = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
    return poll(&poller, 1, 0) > 0
  }

  /// Readable once the process has ended, for poll(2).
  ///
  /// Never close it.
  package var exitDescriptor: Int32 { pidfd.rawValue }

  /// Kills our own child and all that it has started in its session, and reaps it; a status of before is kept.
  ///
  /// It blocks. As long as the child is not reaped, its number is no other group's; corresponds to kill(2). What has
  /// made a session of its own stays.
  package func endGroup() -> ExitStatus {
    kill(-pid, SIGKILL)
    signal(SIGKILL)
    return wait()
  }

  /// Calls the handler once on the queue when the process has ended and was reaped, unless cancelled before.
  ///
  /// Where there is no descriptor left for it, it makes do with the pidfd: no end is lost for want of one.
  package func onExit(queue: DispatchQueue, _ handler: @escaping (ExitStatus) -> Void) -> ExitWatch {
    ExitWatch(of: self, pidfd: pidfd.rawValue, queue: queue, handler)
  }

  /// Blocks until the process has ended, and reaps it.
  ///
  /// For programs that end by themselves.
  package func wait() -> ExitStatus {
    SharedQueues.assertMayBlock("the end of process \(pid)")
    var poller = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
    while poll(&poller, 1, -1) < 0, errno == EINTR {}
    return reap()
  }

  /// As above, but not for longer than to the deadline; nil when the process is still there then.
  package func wait(until deadline: Instant) -> ExitStatus? {
    while !hasExited {
      let rest = (deadline - .now).nanoseconds
      guard rest > 0 else { return nil }
      SharedQueues.assertMayBlock("the end of process \(pid)")
      var poller = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
      // Rounded up, so that the deadline has passed when it returns.
      poll(&poller, 1, Int32(clamping: (rest + 999_999) / 1_000_000))
    }
    return reap()
  }

  /// Reaps our own child, or finds out how a foreign one ended: `unknown` where nobody tells.
  ///
  /// /proc tells as long as the foreign one's parent has not reaped it, and the kernel afterwards (Linux 6.15). Its
  /// parent may do so between the two questions, so both are asked three times.
  fileprivate func reap() -> ExitStatus {
    var (code, status): (Int32, Int32) = (0, 0)
    if linux_reap(pidfd.rawValue, &code, &status) == 1 {
      return code == CLD_EXITED ? .code(status) : .signal(status)
    }
    for _ in 0..<3 {
      if let word = ProcessTable.exitWord(pid: pid), signal(0) {
        // Still there, so what was read was its own and not a later process's of the same PID.
        return ExitStatus(waitStatus: word)
      }
      var word: Int32 = 0
      if linux_pidfd_wait_status(pidfd.rawValue, &word) == 1 { return ExitStatus(waitStatus: word) }
    }
    return .unknown
  }

  /// This process's environment as `NAME=value`.
  package static var environment: [String] {
    var entries: [String] = []
    var next = environ
    while let entry = next.pointee {
      entries.append(String(cString: entry))
      next += 1
    }
    return entries
  }
}

/// Waits for one process to end; bound to the queue it was made with.
package final class ExitWatch {
  private let source: any DispatchSourceRead

  fileprivate init(
    of process: ChildProcess, pidfd: Int32, queue: DispatchQueue, _ handler: @escaping (ExitStatus) -> Void
  ) {
    // The pidfd is open for as long as the source looks at it.
    let released = { @Sendable in withExtendedLifetime(process) {} }
    do throws(SystemError) {
      source = try ReadinessSource.reading(pidfd, queue: queue, closed: released)
    } catch {
      source = DispatchSource.makeReadSource(fileDescriptor: pidfd, queue: queue)
      source.setCancelHandler(handler: released)
    }
    source.setEventHandler { [weak self] in
      guard let self, !source.isCancelled else { return }
      source.cancel()
      handler(process.reap())
    }
    source.activate()
  }

  /// Forgets the process; the handler is not called any more.
  package func cancel() {
    source.cancel()
  }

  deinit {
    source.cancel()
  }
}

/// Calls the body with a null-terminated vector of C strings, as exec(3) wants them.
private func withStringVector<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}
