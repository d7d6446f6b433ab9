package import Host

/// How a process is brought to its end: steps in order, each with the time that it is given.
///
/// Data of whoever owns the process; `TeardownCourse` is one that is under way.
package struct Teardown: Sendable, Equatable {
  package let first: TeardownStep

  /// What is tried behind it, in order.
  package let rest: [TeardownStep]

  package init(_ first: TeardownStep, _ rest: TeardownStep...) {
    self.init(first, rest)
  }

  private init(_ first: TeardownStep, _ rest: [TeardownStep]) {
    self.first = first
    self.rest = rest
  }

  /// What is left of it from a step on; all of it where it has no such step.
  package func from(_ action: TeardownStep.Action) -> Teardown {
    guard first.action != action, let index = rest.firstIndex(where: { $0.action == action }) else {
      return self
    }
    return Teardown(rest[index], Array(rest[(index + 1)...]))
  }

  /// SIGKILL alone: the last step of every teardown.
  package static let kill = Teardown(TeardownStep(.signal(Signal.kill), within: .seconds(5)))

  /// A process of which nothing can be asked: SIGTERM, then SIGKILL.
  package static let signals = Teardown(
    TeardownStep(.signal(Signal.terminate), within: .seconds(3)), Self.kill.first)

  /// A process that ends by itself, and is made to where it does not.
  package static let byItself = Teardown(
    TeardownStep(.wait, within: .seconds(5)), [signals.first] + signals.rest)
}

/// One way to make a process end.
package struct TeardownStep: Sendable, Equatable {
  package enum Action: Sendable, Hashable {
    /// A request that the owner of the process knows how to make.
    case ask(TeardownRequest)

    /// Nothing: it has said that it ends.
    case wait

    /// Sent through the process's pidfd.
    case signal(Int32)
  }

  package let action: Action
  package let allowedTime: Duration

  /// Whether it is done again after 1, 2, 4… s, for what may be lost on its way.
  package let isRepeated: Bool

  /// Whether it is left out where the request before it was not answered.
  package let needsAnswer: Bool

  package init(
    _ action: Action, within allowedTime: Duration, isRepeated: Bool = false, needsAnswer: Bool = false
  ) {
    self.action = action
    self.allowedTime = allowedTime
    self.isRepeated = isRepeated
    self.needsAnswer = needsAnswer
  }
}

/// What a process, or what it serves, can be asked to do so that it ends.
package enum TeardownRequest: Sendable, Hashable {
  /// A QEMU's guest, by ACPI.
  case powerButton

  /// QEMU itself, on its monitor.
  case quit
}

extension TeardownStep.Action {
  /// For a person.
  package var words: String {
    switch self {
    case .ask(.powerButton): "its power button"
    case .ask(.quit): "quit"
    case .wait: "its own"
    case .signal(let number): Signal.name(number)
    }
  }
}

/// A teardown under way; pure.
package struct TeardownCourse: Sendable, Equatable {
  /// What is being tried.
  package private(set) var step: TeardownStep

  /// When the next step is due; nil when nothing is left to try.
  package private(set) var deadline: Instant?

  private var rest: [TeardownStep]

  /// When this step began.
  private var begun: Instant
  private var repeatDue: Instant?
  private var repeatGap = Duration.seconds(1)

  /// Whether what was asked last has been answered.
  private var isAnswered = false

  private init(_ teardown: Teardown, now: Instant) {
    step = teardown.first
    rest = teardown.rest
    begun = now
  }

  /// Starts it, and gives what is to be done first.
  package static func begin(
    _ teardown: Teardown, now: Instant
  ) -> (course: TeardownCourse, effects: [ProcessEffect]) {
    var course = TeardownCourse(teardown, now: now)
    let effects = course.enter(teardown.first, now: now)
    return (course, effects)
  }

  package var nextDeadline: Instant? {
    [deadline, repeatDue].compactMap { $0 }.min()
  }

  package mutating func answered() {
    isAnswered = true
  }

  /// Gives a step no more time than this from now on, if it is the one that is being tried.
  package mutating func shorten(_ action: TeardownStep.Action, to time: Duration, now: Instant) {
    guard step.action == action, let current = deadline else { return }
    deadline = min(current, now + time)
  }

  /// Goes straight to a step that lies ahead.
  package mutating func advance(to action: TeardownStep.Action, now: Instant) -> [ProcessEffect] {
    guard let index = rest.firstIndex(where: { $0.action == action }) else { return [] }
    let next = rest[index]
    rest.removeFirst(index + 1)
    return enter(next, now: now)
  }

  /// What is due at this moment.
  package mutating func due(at now: Instant) -> [ProcessEffect] {
    if let limit = deadline, now >= limit {
      let (overdue, time, isAnswered) = (step, limit - begun, isAnswered)
      guard let index = rest.firstIndex(where: { !$0.needsAnswer || isAnswered }) else {
        deadline = nil
        return [.outlived, .announce]
      }
      let next = rest[index]
      rest.removeFirst(index + 1)
      return enter(next, now: now) + [.overdue(overdue.action, within: time, next: next.action)]
    }
    if let due = repeatDue, now >= due {
      repeatGap = repeatGap * 2
      repeatDue = now + repeatGap
      return [.take(step.action, isRepeat: true)]
    }
    return []
  }

  private mutating func enter(_ next: TeardownStep, now: Instant) -> [ProcessEffect] {
    step = next
    begun = now
    deadline = now + next.allowedTime
    repeatGap = .seconds(1)
    repeatDue = next.isRepeated ? now + repeatGap : nil
    return [.take(next.action, isRepeat: false)]
  }
}
