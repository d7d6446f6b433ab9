package import Host
internal import Machine

/// The life of a helper: its process, whether somebody needs it, and what its end means; pure.
package struct HelperLife: Sendable, Equatable {
  package private(set) var process = ProcessLife()

  /// Whether it is to be there.
  package private(set) var isWanted = false

  /// Whether its process ends only to make room for one that is started otherwise.
  package private(set) var isReplaced = false

  /// How often it was started again by itself since it was last wanted anew.
  package private(set) var restarts = 0

  /// Why it was not there last.
  package private(set) var failure: HelperFailure?

  private var budget = RestartBudget()

  /// Since when it serves.
  private var readySince: Instant?

  /// Why the process that is on its way out has to go, or could not be ready, as far as it is known before its end.
  private var reason: HelperFailure.Reason?

  package init() {}

  package var nextDeadline: Instant? { process.nextDeadline }

  /// Whether its process is there, or on its way.
  package var isAlive: Bool { process.hasProcess || process.state == .spawning }

  package var isReady: Bool { process.state == .ready }

  /// Takes what happened and gives what is to be done, in order.
  package mutating func handle(_ input: HelperInput, _ declaration: HelperDeclaration, at moment: Moment)
    -> [HelperEffect]
  {
    let now = moment.now
    switch input {
    case .want(let anew): return want(anew: anew, declaration, now)
    case .release:
      (isWanted, isReplaced, reason) = (false, false, nil)
      return process(.end(declaration.teardown), now)
    case .spawned:
      readySince = nil
      reason = nil
      return process(.spawned(readyBy: now + declaration.readyTime), now)
    case .spawnFailed(let words):
      guard process.state == .spawning else { return [] }
      reason = .cannotStart(words)
      return process(.spawnFailed, now) + ended(nil, "", declaration, moment)
    case .adopted:
      isWanted = true
      readySince = now
      // Whether it was ready cannot be asked; one that is not says so by its end.
      return process(.adopted(readyBy: nil), now) + process(.ready, now)
    case .ready:
      guard case .starting = process.state else { return [] }
      readySince = now
      return process(.ready, now) + [.ready, .announce]
    case .refused(let words):
      if case .starting = process.state { reason = .cannotStart(words) }
      return []
    case .exited(let status, let words):
      guard process.hasProcess else { return [] }
      return process(.exited(status), now) + ended(status, words, declaration, moment)
    case .timer: return timer(declaration, now)
    }
  }

  /// When something is handled, and the chance by which restarts are spread.
  package struct Moment: Sendable {
    package let now: Instant
    package let chance: Double

    package init(_ now: Instant, chance: Double) {
      (self.now, self.chance) = (now, chance)
    }
  }

  private mutating func process(_ input: ProcessInput, _ now: Instant) -> [HelperEffect] {
    process.handle(input, at: now).compactMap { effect in
      switch effect {
      case .spawn: .spawn
      case .awaitReadiness: .awaitReadiness
      case .take(let action, _): .take(action)
      case .announce: .announce
      case .outlived: .outlived
      // What follows is decided here.
      case .ended, .notReadyInTime, .overdue: nil
      }
    }
  }

  private mutating func want(
    anew: Bool, _ declaration: HelperDeclaration, _ now: Instant
  ) -> [HelperEffect] {
    if !isWanted || process.state == .givenUp {
      // Who needs it now has not seen it fail.
      budget.forgive()
      restarts = 0
      failure = nil
    }
    isWanted = true
    switch process.state {
    case .idle, .backoff, .givenUp: return process(.start, now)
    case .spawning:
      // What is being started is not what is wanted any more, and is undone when it is there.
      return anew ? process(.end(declaration.teardown), now) + process(.start, now) : []
    case .starting, .ready:
      guard anew else { return isReady ? [.ready] : [] }
      isReplaced = true
      return process(.end(declaration.teardown), now)
    case .ending:
      // One that was not ready in its time ends because it has failed.
      if anew || reason == nil { isReplaced = true }
      return []
    }
  }

  /// Its process has ended, or could not be started: what its end means decides what follows.
  private mutating func ended(
    _ status: ExitStatus?, _ words: String, _ declaration: HelperDeclaration, _ moment: Moment
  ) -> [HelperEffect] {
    let uptime = readySince.map { moment.now - $0 }
    let known = reason
    (readySince, reason) = (nil, nil)
    guard isWanted else { return [.announce] }
    if isReplaced {
      isReplaced = false
      return process(.start, moment.now)
    }
    let failure = HelperFailure(known ?? .ended(status ?? .unknown), words: words)
    self.failure = failure
    let told: [HelperEffect] = uptime == nil ? [.failed(failure)] : []
    switch declaration.death {
    case .startAgain(let policy):
      let verdict = budget.fail(
        policy, at: moment.now, uptime: uptime ?? .zero, everRan: uptime != nil, chance: moment.chance)
      switch verdict {
      case .restart(let delay):
        restarts += 1
        return told + process(.backOff(until: moment.now + delay), moment.now)
      case .giveUp: return told + process(.giveUp, moment.now)
      }
    case .goOn: return told + process(.giveUp, moment.now)
    case .endOwner: return told + process(.giveUp, moment.now) + [.endOwner(failure)]
    }
  }

  private mutating func timer(_ declaration: HelperDeclaration, _ now: Instant) -> [HelperEffect] {
    if case .starting(let deadline?) = process.state, now >= deadline {
      reason = .notReady(within: declaration.readyTime)
      return process(.force, now)
    }
    return process(.timer, now)
  }
}

/// What can happen to a helper.
package enum HelperInput: Sendable, Equatable {
  /// Somebody needs it; `anew`, as it is declared now, which is otherwise than it was started.
  case want(anew: Bool)

  /// Nobody needs it any more.
  case release
  case spawned
  case spawnFailed(String)

  /// An earlier supervisor has started it, and it lives.
  case adopted
  case ready

  /// It has said why it cannot serve, and ends.
  case refused(String)

  /// With the last lines of its log.
  case exited(ExitStatus, String)

  /// A deadline may have passed.
  case timer
}

/// What the machinery around a helper is to do.
package enum HelperEffect: Sendable, Equatable {
  case spawn
  case awaitReadiness

  /// A step of its teardown.
  case take(TeardownStep.Action)

  /// Who waits for it can go on.
  case ready

  /// Who waits for it does so in vain.
  case failed(HelperFailure)

  /// What it serves cannot go on without it.
  case endOwner(HelperFailure)

  /// It lives on behind the last step of its teardown.
  case outlived

  /// Its state has changed.
  case announce
}

/// Why a helper is not there.
package struct HelperFailure: Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    case cannotStart(String)
    case notReady(within: Duration)
    case ended(ExitStatus)
  }

  package let reason: Reason

  /// The last lines of its log; empty where there were none.
  package let words: String

  package init(_ reason: Reason, words: String = "") {
    (self.reason, self.words) = (reason, words)
  }

  /// For a person, without what has failed: `was killed by signal 9 (SIGKILL)`.
  package var sentence: String {
    let last = words.isEmpty ? "" : ": '\(words)'"
    return switch reason {
    case .cannotStart(let why): "cannot be started: \(why)"
    case .notReady(let time): "was not ready in \(time.inWords)\(last)"
    case .ended(.code(let code)): "ended with code \(code)\(last)"
    case .ended(.signal(let number)): "was killed by signal \(number) (\(Signal.name(number)))\(last)"
    case .ended(.unknown): "has ended; nobody knows how\(last)"
    }
  }
}
