internal import Dispatch
package import Host

/// A helper made real: its life, its process, and those who wait for it.
///
/// An actor on a serial queue of its own, on which nothing blocks; what touches files runs on the lane of its folder.
package actor HelperProcess {
  /// What its owner is told, in the order in which it happens.
  package enum News: Sendable {
    case changed(HelperReport)
    case started(pid: Int32)
    case adopted(pid: Int32)
    case ended(pid: Int32, ExitStatus, words: String)
    case notStarted(String)

    /// What it serves cannot go on without it.
    case ownerEnds(HelperFailure)
    case message(String)
  }

  package nonisolated let executor: QueueExecutor
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  private nonisolated let told: @Sendable (News) -> Void
  private nonisolated let lane: Lane
  private nonisolated let files: FileWatch

  /// How it is started next; what runs may have been started by an earlier one.
  private var declaration: HelperDeclaration

  /// The command line of one that was taken over, until it is declared: who has started it is gone.
  private var adoptedWords: [String]?
  private var life = HelperLife()
  private var process: SupervisedProcess?
  private var logStart: Int64 = 0

  /// What tells whether the process is ready, if it says so itself.
  private var word: PassedDescriptor?

  /// Whether its process was seen to be ending while it should serve.
  private var endsByItself = false

  /// Where that is waited for: for as long as the process lives, so it holds up nothing else.
  private nonisolated let wordLane: Lane

  /// How many starts are under way that may have to be undone.
  private var starts = 0

  /// Who waits until it is ready, and until nothing of it is left.
  private var whenReady: [CheckedContinuation<HelperFailure?, Never>] = []
  private var whenGone: [Int: CheckedContinuation<Void, Never>] = [:]
  private var settlings = 0
  private var effects: [HelperEffect] = []
  private var isPerforming = false
  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { helper in
      helper.process?.assumeIsolated { _ = $0.takeMissedEnd() }
      // What has ended is told by its end, which is being found out, however late that is heard of.
      if helper.process?.exitStatus == nil { helper.apply(.timer) }
    }
  }

  /// How long the disk may take to show what it has said last.
  private static let patience = Duration.seconds(2)

  /// The same for a line that lies in a pipe.
  private static let wordPatience = Duration.seconds(10)

  /// `told` is called on its queue.
  package init(
    _ declaration: HelperDeclaration, lanes: Lanes, files: FileWatch, told: @escaping @Sendable (News) -> Void
  ) {
    self.declaration = declaration
    self.told = told
    self.files = files
    executor = QueueExecutor(label: "helper", isShared: true)
    lane = lanes[HelperDeclaration.lane(declaration.folder)]
    wordLane = Lane("the first words of \(declaration.title)")
  }

  // MARK: What its owner wants

  /// Sees to it that it is there as it is declared; gives why it cannot be, or nil when it is ready.
  package func need(_ declaration: HelperDeclaration) async -> HelperFailure? {
    await withCheckedContinuation { continuation in
      whenReady.append(continuation)
      want(declaration)
    }
  }

  /// The same for one who does not wait for it.
  package func want(_ declaration: HelperDeclaration) {
    let isAnew = adoptedWords.map { !declaration.isSame($0) } ?? (declaration != self.declaration)
    self.declaration = declaration
    adoptedWords = nil
    apply(.want(anew: isAnew))
  }

  /// Nobody needs it any more; what its owner asks for behind this call comes behind it.
  package nonisolated func releaseSoon() {
    executor.queue.async { self.assumeIsolated { $0.release() } }
  }

  /// Nobody needs it any more.
  package func release() {
    apply(.release)
    answerWaiting(HelperFailure(.cannotStart("nothing needs it any more")))
  }

  /// The same, and returns when it is gone, or the limit has passed; gives why it had ended before, by itself and for
  /// good, if it had.
  package func end(within limit: Duration) async -> HelperFailure? {
    if let process, process.exitStatus != nil || ProcessTable.isEnding(pid: process.pid) {
      // What it ends of is heard first.
      endsByItself = true
      await settle(within: limit)
    }
    let failure = life.process.state == .givenUp ? life.failure : nil
    release()
    await settle(within: limit)
    return failure
  }

  /// Returns when nothing of it is on its way up or down, or the limit has passed.
  package func settle(within limit: Duration = .seconds(3600)) async {
    guard isComingOrGoing else { return }
    await withCheckedContinuation { continuation in
      settlings += 1
      let number = settlings
      whenGone[number] = continuation
      executor.after(limit) { [weak self] in
        self?.assumeIsolated { $0.whenGone.removeValue(forKey: number)?.resume() }
      }
    }
  }

  /// What everyone may know of it now.
  package var report: HelperReport {
    HelperReport(life, pid: process?.pid, isBusy: starts > 0, at: .now)
  }

  /// Takes back one that an earlier supervisor has started; what its owner asks for behind this call comes behind it.
  package nonisolated func adoptSoon(_ found: ChildProcess, words: [String]) {
    executor.queue.async { self.assumeIsolated { $0.adopt(found, words: words) } }
  }

  /// Takes back one that an earlier supervisor has started; `words` is its command line.
  package func adopt(_ found: ChildProcess, words: [String]) {
    adoptedWords = words
    follow(found)
    told(.adopted(pid: found.pid))
    apply(.adopted)
    tell()
  }

  private var isComingOrGoing: Bool {
    starts > 0 || endsByItself || process?.exitStatus != nil || life.isAlive && !life.isReady
  }

  // MARK: The life's pump

  private func apply(_ input: HelperInput) {
    effects += life.handle(input, declaration, at: HelperLife.Moment(.now, chance: .random(in: 0...1)))
    guard !isPerforming else { return }
    isPerforming = true
    while !effects.isEmpty { perform(effects.removeFirst()) }
    isPerforming = false
    timer.arm(at: life.nextDeadline)
    answerSettled()
  }

  private func perform(_ effect: HelperEffect) {
    switch effect {
    case .spawn: spawn()
    case .awaitReadiness: awaitReadiness()
    case .take(let action): process?.assumeIsolated { _ = $0.take(action) }
    case .ready: answerWaiting(nil)
    case .failed(let failure): answerWaiting(failure)
    case .endOwner(let failure): told(.ownerEnds(failure))
    case .outlived: told(.message("SIGKILL has not ended it: it may hang in the kernel"))
    case .announce: tell()
    }
  }

  private func tell() {
    told(.changed(report))
  }

  private func answerWaiting(_ failure: HelperFailure?) {
    let waiting = whenReady
    whenReady = []
    for continuation in waiting { continuation.resume(returning: failure) }
  }

  private func answerSettled() {
    guard !isComingOrGoing else { return }
    let waiting = whenGone
    whenGone = [:]
    for continuation in waiting.values { continuation.resume() }
  }

  // MARK: Its process

  private func spawn() {
    let attempt = life.process.attempt
    let start = HelperStart(declaration: declaration)
    starts += 1
    Task {
      let result = await lane.run { Result { () throws(HelperStart.Failure) in try start.run() } }
      let isMeant = life.process.attempt == attempt && life.process.state == .spawning
      // Whoever needs it no more, or otherwise, has won.
      if !isMeant, case .success(let started) = result { await started.undo() }
      starts -= 1
      if isMeant {
        switch result {
        case .success(let started): take(started)
        case .failure(let failure):
          apply(.spawnFailed(failure.words))
          told(.notStarted(failure.words))
        }
      } else {
        tell()
        answerSettled()
      }
    }
  }

  private func take(_ started: StartedHelper) {
    (logStart, word) = (started.logStart, started.word)
    follow(started.process)
    told(.started(pid: started.process.pid))
    apply(.spawned)
  }

  private func follow(_ process: ChildProcess) {
    let followed = SupervisedProcess(process, declaration.title, executor: executor) {
      [weak self] process, news in
      self?.assumeIsolated { helper in
        guard helper.process === process else { return }
        switch news {
        case .ended(let status): helper.conclude(process, status)
        case .notSignalled(let number, let error):
          helper.told(.message("\(Signal.name(number)) cannot be sent to it: \(error)"))
        }
      }
    }
    self.process = followed
    followed.assumeIsolated { $0.follow() }
  }

  private func awaitReadiness() {
    // One that was taken over was asked by whoever has started it.
    guard let process, !life.process.isAdopted else { return }
    switch declaration.readiness {
    case .atOnce: apply(.ready)
    case .line:
      guard let passed = word else { return }
      word = nil
      wordLane.add { [weak self] in
        guard let pipe = passed.take() else { return }
        let word = ProcessReadiness.word(from: pipe)
        self?.heard(process, word)
      }
    case .path(let path): awaitPath(path, process)
    }
  }

  private nonisolated func heard(_ process: SupervisedProcess, _ word: ProcessReadiness.Word?) {
    executor.queue.async {
      self.assumeIsolated { helper in
        guard helper.process === process else { return }
        switch word {
        case .ready: helper.apply(.ready)
        case .refused(let words): helper.apply(.refused(words))
        // Its end, or the deadline, says the rest.
        case nil: break
        }
      }
    }
  }

  /// On the lane; asked again with each arrival until it is there.
  private nonisolated func awaitPath(_ path: String, _ process: SupervisedProcess) {
    let files = files
    lane.add { [weak self] in
      guard process.exitStatus == nil else { return }
      do throws(SystemError) {
        let token = try files.watch(FileSystem.parent(of: path), for: .arrival) { [weak self] in
          self?.awaitPath(path, process)
        }
        if FileSystem.exists(path) {
          files.cancel(token)
          self?.heard(process, .ready)
        }
      } catch {
        self?.heard(process, .refused("\(path) cannot be waited for: \(error)"))
      }
    }
  }

  /// What its end was like stands in its log, which has a moment to answer; and it may have said why it cannot serve.
  private func conclude(_ process: SupervisedProcess, _ status: ExitStatus) {
    let (log, start) = (declaration.log, logStart)
    Task {
      _ = await wordLane.run(within: Self.wordPatience) {}
      let words = await lane.run(within: Self.patience) { Self.lastWords(of: log, from: start) } ?? ""
      guard self.process === process else { return }
      self.process = nil
      endsByItself = false
      told(.ended(pid: process.pid, status, words: words))
      apply(.exited(status, words))
    }
  }

  private static func lastWords(of log: String, from start: Int64) -> String {
    LogTail.lines(of: log, count: 3, from: start).joined(separator: " / ")
  }
}
