package import Control
internal import Host
internal import Machine

// Whether a guest that runs is well, and what follows when it hangs.
extension Lifecycle {
  /// How the guest is, as everyone sees it.
  package var health: Health {
    guard let check else { return .none }
    switch phase {
    case .stopped, .waiting, .backoff, .failed: return .none
    case .starting: return .starting
    // The guest is not well that waits for a disk, or is kept to be looked at.
    case .paused(.ioError), .paused(.noSpace), .paused(.kept): return .unhealthy
    case .running, .paused, .stopping: return check.health
    }
  }

  /// The definition's rules have changed, or come for the first time.
  mutating func define(health rules: HealthSetting?, onHang: HangSetting, _ now: Instant) -> [LifecycleEffect]
  {
    self.onHang = onHang
    guard rules != check?.rules else { return [] }
    check = rules.map { HealthCheck($0) }
    guard case .running = phase else { return [] }
    check?.boot(now, inNewQEMU: true)
    cause = runningCause
    return [.announce] + resumeChecks(now)
  }

  /// The vCPUs run: looks go on.
  mutating func resumeChecks(_ now: Instant) -> [LifecycleEffect] {
    guard let known = check, isLookedAfter else { return [] }
    check?.look(from: now)
    return (known.awaitsConsole ? [.watchConsole(afresh: false)] : []) + checkTimer(now)
  }

  /// What the clock says of the guest's health.
  mutating func checkTimer(_ now: Instant) -> [LifecycleEffect] {
    guard isLookedAfter else { return [] }
    var effects: [LifecycleEffect] = []
    if check?.isLate(now) == true { effects += sayTrouble() }
    if check?.isDue(now) == true { effects.append(.look) }
    return effects
  }

  /// Whether the guest is in a state in which it is looked after.
  var isLookedAfter: Bool {
    switch phase {
    case .running: true
    // Before it has begun there is no vCPU that could run.
    case .starting(let start): start.isAdoption && start.before != nil
    case .paused, .stopping, .stopped, .waiting, .backoff, .failed: false
    }
  }

  mutating func looked(_ input: HealthInput, _ now: Instant) -> [LifecycleEffect] {
    guard let before = check else { return [] }
    switch input {
    case .consoleShowed:
      check?.becameReady()
    case .answered:
      check?.answered(now)
      isResetPressed = false
    case .unanswered(let vcpusRan, let isStopped):
      switch check?.unanswered(vcpusRan: vcpusRan, isStopped: isStopped, now) {
      case .hung(let words)?: return hung(words, now)
      case .unhealthy?: return sayTrouble()
      case .noted?, nil: return []
      }
    }
    guard check?.health != before.health || check?.trouble != before.trouble else { return [] }
    return sayTrouble()
  }

  private mutating func hung(_ words: String, _ now: Instant) -> [LifecycleEffect] {
    switch (phase, onHang) {
    case (.starting, .restart), (.running, .restart):
      ending = ending ?? .hung(words)
      cause = "the guest hangs: \(words)"
      // A process that does not run its main loop hears neither `quit` nor SIGTERM.
      return descend(from: .kill, now)
    case (.running, .reset) where !isResetPressed:
      isResetPressed = true
      return [.pressReset] + sayTrouble("; the reset button is pressed as soon as QEMU hears it")
    case (.starting, _):
      cause = "taken over by a new supervisor; it hangs: \(words)"
      return [.announce]
    default:
      return sayTrouble()
    }
  }

  /// Makes the cause of a guest that runs say how it is.
  private mutating func sayTrouble(_ more: String = "") -> [LifecycleEffect] {
    guard case .running = phase else { return [] }
    cause = check?.trouble.map { "\($0)\(more)" } ?? runningCause
    return [.announce]
  }

  /// The cause of a guest that runs and has no trouble.
  var runningCause: String {
    [healthyCause, monitorLoss.map { _ in monitorTrouble }].compactMap { $0 }.joined(separator: "; ")
  }

  /// Nil where there is nothing but what the state says itself.
  private var healthyCause: String? {
    if let restartCause, restarts == 0 { return restartCause.words }
    if let restartCause {
      let isFailure = restartCause.ending != .poweredOff
      let times = restarts == 1 ? "" : " \(restarts) times"
      let failures = restarts == 1 ? "a failure" : "\(restarts) failures"
      return "restarted\(isFailure ? " after \(failures)" : times): \(restartCause.words)"
    }
    if wasTakenOver { return "taken over by a new supervisor" }
    return monitorLoss == nil ? "running" : nil
  }
}
