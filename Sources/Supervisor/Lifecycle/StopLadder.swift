package import Host

/// The way down for a QEMU: ask the guest, then QEMU, then insist; each step with its deadline.
///
/// Pure. The power button has the VM's `stopTimeout`; `quit` has 5 s, SIGTERM 3 s, and SIGKILL is the last word. A
/// button pressed just after `cont` is often lost, so it is pressed again after 1, 2, 4… s. A monitor that left the
/// button unanswered is not asked to `quit`.
package struct StopLadder: Sendable, Equatable {
  package enum Step: Int, Sendable, Comparable {
    case powerButton, quit, terminate, kill

    package static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }

    /// What was done to the guest, for a person.
    package var words: String {
      switch self {
      case .powerButton: "its power button"
      case .quit: "quit"
      case .terminate: "SIGTERM"
      case .kill: "SIGKILL"
      }
    }

    /// The signal that it sends to QEMU; nil where it asks on the monitor.
    package var signal: Int32? {
      switch self {
      case .powerButton, .quit: nil
      case .terminate: Signal.terminate
      case .kill: Signal.kill
      }
    }
  }

  package private(set) var step: Step

  /// When the next step is due; nil when nothing is left to try.
  package private(set) var deadline: Instant?

  /// When the button is pressed again.
  private var nextPress: Instant?
  private var pressGap = Duration.seconds(1)
  private var isButtonAnswered = false
  private let timeout: Duration

  /// When this step began.
  private var begun: Instant

  /// The ladder from a given step on.
  ///
  /// Its first effects come from `begin`.
  private init(step: Step, timeout: Duration, now: Instant) {
    self.step = step
    begun = now
    self.timeout = timeout
  }

  /// Starts at a step and gives what is to be done first.
  package static func begin(
    at step: Step, timeout: Duration = .zero, now: Instant
  ) -> (ladder: StopLadder, effects: [LifecycleEffect]) {
    var ladder = StopLadder(step: step, timeout: timeout, now: now)
    let effects = ladder.enter(step, now: now)
    return (ladder, effects)
  }

  package var nextDeadline: Instant? {
    [deadline, nextPress].compactMap { $0 }.min()
  }

  /// Whether the guest was not left to end by itself.
  package var isForced: Bool { step > .powerButton }

  /// The time that this step is given in all.
  package var patience: Duration { deadline.map { $0 - begun } ?? .zero }

  package mutating func buttonAnswered() {
    isButtonAnswered = true
  }

  /// Gives the guest no more than this from now on, if it is still being asked.
  package mutating func shorten(to timeout: Duration, now: Instant) {
    guard step == .powerButton, let current = deadline else { return }
    deadline = min(current, now + timeout)
  }

  /// Goes straight to a later step.
  package mutating func advance(to next: Step, now: Instant) -> [LifecycleEffect] {
    next > step ? enter(next, now: now) : []
  }

  /// What is due at this moment.
  package mutating func due(at now: Instant) -> [LifecycleEffect] {
    if let deadline, now >= deadline {
      switch step {
      case .powerButton: return enter(isButtonAnswered ? .quit : .terminate, now: now)
      case .quit: return enter(.terminate, now: now)
      case .terminate: return enter(.kill, now: now)
      case .kill:
        self.deadline = nil
        return [.giveUp, .announce]
      }
    }
    if let press = nextPress, now >= press {
      pressGap = pressGap * 2
      nextPress = now + pressGap
      return [.pressButton(first: false)]
    }
    return []
  }

  private mutating func enter(_ next: Step, now: Instant) -> [LifecycleEffect] {
    step = next
    begun = now
    nextPress = nil
    switch next {
    case .powerButton:
      deadline = now + timeout
      nextPress = now + pressGap
      return [.pressButton(first: true)]
    case .quit:
      deadline = now + .seconds(5)
      return [.quit]
    case .terminate:
      deadline = now + .seconds(3)
      return [.signal(Signal.terminate)]
    case .kill:
      deadline = now + .seconds(5)
      return [.signal(Signal.kill)]
    }
  }
}
