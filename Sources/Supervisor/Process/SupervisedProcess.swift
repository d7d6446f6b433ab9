internal import Host
internal import Synchronization

/// One supervised process made real: taken up as it was started or found, signalled through its pidfd, and followed to
/// its end.
///
/// Lives on its owner's executor: the owner calls it without a hop through `assumeIsolated`, and is told there. It
/// decides nothing; when the process is to end, and what follows, `ProcessLife` says.
actor SupervisedProcess {
  /// What its owner is told.
  enum News: Sendable {
    case ended(ExitStatus)

    /// The kernel refuses a signal, again and again.
    case notSignalled(Int32, SystemError)
  }

  nonisolated let executor: QueueExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  nonisolated let process: ChildProcess

  /// For a person: `the switch of shop/backend`.
  private nonisolated let title: String
  private nonisolated let told: @Sendable (SupervisedProcess, News) -> Void

  /// Changed on the executor alone, and read by whoever holds this.
  private nonisolated let status = Mutex<ExitStatus?>(nil)
  private var watch: ExitWatch?

  /// How long the kernel is given between two signals of which it has refused the first.
  private static let signalPause = Duration.milliseconds(200)

  /// Nothing is told before `follow`.
  init(
    _ process: ChildProcess, _ title: String, executor: QueueExecutor,
    told: @escaping @Sendable (SupervisedProcess, News) -> Void
  ) {
    (self.process, self.title, self.executor, self.told) = (process, title, executor, told)
  }

  nonisolated var pid: Int32 { process.pid }

  /// How it has ended; nil while it lives, as far as is known.
  nonisolated var exitStatus: ExitStatus? { status.withLock { $0 } }

  /// Waits for its end.
  func follow() {
    watch = process.onExit(queue: executor.queue) { [weak self] status in
      self?.assumeIsolated { $0.ended(status) }
    }
  }

  /// Takes an end that the kernel has not told (it may refuse a watch: epoll_ctl(2), ENOSPC); false when it lives.
  @discardableResult
  func takeMissedEnd() -> Bool {
    guard exitStatus == nil, watch != nil, let status = process.wait(until: .now) else { return false }
    Log.note("\(title), process \(pid), has ended, without a word from the kernel")
    watch?.cancel()
    ended(status)
    return true
  }

  private func ended(_ status: ExitStatus) {
    watch = nil
    self.status.withLock { $0 = status }
    told(self, .ended(status))
  }

  /// Does what a step of its teardown says; gives the request that its owner has to make.
  func take(_ action: TeardownStep.Action) -> TeardownRequest? {
    switch action {
    case .ask(let request): return request
    case .wait: return nil
    case .signal(let number):
      signal(number, tries: 3)
      return nil
    }
  }

  /// Signals it; what the kernel refuses is tried again a moment later, and told when it is refused once more.
  private func signal(_ number: Int32, tries: Int) {
    guard exitStatus == nil else { return }
    do throws(SystemError) {
      try process.send(number)
    } catch {
      guard tries > 1 else { return told(self, .notSignalled(number, error)) }
      executor.after(Self.signalPause) { [weak self] in
        self?.assumeIsolated { $0.signal(number, tries: tries - 1) }
      }
    }
  }
}
