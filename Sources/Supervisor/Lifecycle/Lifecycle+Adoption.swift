internal import Control
internal import Host
internal import QMP

// What a new supervisor makes of a QEMU that it finds, or does not find.
extension Lifecycle {
  /// A guest that runs without us: asked how it is, and given time to answer only when it is to end, or has not begun.
  mutating func adopted(_ now: Instant) -> [LifecycleEffect] {
    let before: VMState? =
      switch lastKnown {
      case .paused: .paused
      case .running, .stopping: .running
      case .stopped, .waiting, .starting, .backoff, .failed: nil
      }
    let deadline = Self.adoptionDeadline(before, now)
    phase = .starting(Start(hasProcess: true, isAdoption: true, before: before, deadline: deadline))
    wasTakenOver = true
    cause = "taken over by a new supervisor; its QEMU has not answered yet"
    if isToEnd {
      ending = ending ?? .wished
      return [.negotiate] + expectAnswer(within: .seconds(5), now)
    }
    return [.negotiate] + resumeChecks(now)
  }

  /// When the monitor of a QEMU that was found is given up.
  static func adoptionDeadline(_ before: VMState?, _ now: Instant) -> Instant? {
    before == nil ? now + startTimeout : nil
  }

  /// The guest's state; of one that is being taken over, as it was last seen.
  var lastKnown: VMState {
    if case .starting(let start) = phase, let before = start.before { before } else { state }
  }

  /// The QEMU that was found is not the one that all this was known of: its guest begins anew.
  mutating func beginAnew() {
    phase = .starting(Start())
    startsAgain = false
    ending = nil
    (bootResets, bootedAt) = (0, nil)
    runningSince = nil
    check = (check?.rules).map { HealthCheck($0) }
  }

  /// Ends an adopted QEMU that stays silent.
  mutating func expectAnswer(within patience: Duration, _ now: Instant) -> [LifecycleEffect] {
    guard case .starting(var start) = phase else { return [] }
    start.deadline = now + patience
    phase = .starting(start)
    return [.announce]
  }

  mutating func absent(
    _ hostRebooted: Bool, _ exit: ExitStatus?, _ stderr: String, _ moment: Moment
  ) -> [LifecycleEffect] {
    guard desired == .running else {
      if case .failed = phase { return [] }
      return state == .stopped ? [] : settle(.stopped, saying: (ending ?? .wished).sentence)
    }
    if hostRebooted { return end(.hostRebooted, moment) }
    if startsAgain { return begin(saying: "started again by the user") }
    switch phase {
    case .stopped, .failed, .backoff: return []
    case .waiting(let words): return begin(saying: words)
    case .starting: return begin(saying: cause)
    case .running, .paused, .stopping:
      if let ending { return end(ending, moment) }
      return end(exit.map { .died($0) } ?? .vanished, moment, detail: stderr.isEmpty ? "" : ": '\(stderr)'")
    }
  }
}
