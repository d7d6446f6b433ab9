package import Host

/// The life of one supervised process, whatever it is: from the wish that it be there to its end.
///
/// Pure: it knows no QMP and no guest. Whether it starts again once it has ended is its owner's to decide, who says so
/// by `start`, `backOff` or `giveUp`.
package struct ProcessLife: Sendable, Equatable {
  package enum State: Sendable, Equatable {
    /// No process, and none is to come.
    case idle

    /// One is being started; whether it exists is not known yet.
    case spawning

    /// It exists and does not serve yet; until when it is waited for.
    case starting(deadline: Instant?)

    case ready
    case ending(TeardownCourse)

    /// It has failed and is started again then.
    case backoff(until: Instant)

    /// It has failed, and nothing starts it but its user.
    case givenUp
  }

  package private(set) var state: State

  /// Grows with each start, so that a late answer to an earlier one is known as such.
  package private(set) var attempt = 0

  /// Whether the process was started by an earlier supervisor.
  package private(set) var isAdopted = false

  package init(_ state: State = .idle) {
    self.state = state
  }

  /// One whose teardown an earlier supervisor had begun.
  static func ending(at now: Instant) -> ProcessLife {
    ProcessLife(.ending(TeardownCourse.begin(.kill, now: now).course))
  }

  package var hasProcess: Bool {
    switch state {
    case .starting, .ready, .ending: true
    case .idle, .spawning, .backoff, .givenUp: false
    }
  }

  /// The teardown under way.
  package var course: TeardownCourse? {
    if case .ending(let course) = state { course } else { nil }
  }

  /// When `timer` is due; nil while nothing waits for time.
  package var nextDeadline: Instant? {
    switch state {
    case .starting(let deadline): deadline
    case .ending(let course): course.nextDeadline
    case .backoff(let until): until
    case .idle, .spawning, .ready, .givenUp: nil
    }
  }

  /// Takes what happened and gives what is to be done, in order.
  package mutating func handle(_ input: ProcessInput, at now: Instant) -> [ProcessEffect] {
    switch input {
    case .start: return start()
    case .spawned(let readyBy): return spawned(readyBy, now)
    case .spawnFailed:
      guard case .spawning = state else { return [] }
      state = .idle
      return [.ended(ProcessEnd(status: nil, isBeforeReady: true, step: nil))]
    case .adopted(let readyBy):
      state = .starting(deadline: readyBy)
      isAdopted = true
      return [.awaitReadiness]
    case .expectReady(let deadline):
      if case .starting = state { state = .starting(deadline: deadline) }
      return []
    case .ready:
      if case .starting = state { state = .ready }
      return []
    case .end(let teardown): return end(teardown, now)
    case .force: return hasProcess ? begin(.kill, now) : end(.kill, now)
    case .answered:
      change { $0.answered() }
      return []
    case .shorten(let action, let time):
      change { $0.shorten(action, to: time, now: now) }
      return []
    case .exited(let status): return exited(status)
    case .backOff(let until):
      guard !hasProcess, state != .spawning else { return [] }
      state = .backoff(until: until)
      return [.announce]
    case .giveUp:
      giveUp()
      return [.announce]
    case .timer: return timer(now)
    }
  }

  /// No process of it is here, and none is to come.
  mutating func forget() {
    state = .idle
    isAdopted = false
  }

  /// Nothing starts it any more, and no process of it is here.
  mutating func giveUp() {
    forget()
    state = .givenUp
  }

  private mutating func start() -> [ProcessEffect] {
    switch state {
    case .idle, .backoff, .givenUp:
      attempt += 1
      isAdopted = false
      state = .spawning
      // In this order: who waits, waits for the process, and nothing need be recorded before it is there.
      return [.spawn, .announce]
    case .spawning, .starting, .ready, .ending:
      return []
    }
  }

  private mutating func spawned(_ readyBy: Instant?, _ now: Instant) -> [ProcessEffect] {
    // Not meant any more.
    guard case .spawning = state else { return begin(.kill, now) }
    state = .starting(deadline: readyBy)
    return [.awaitReadiness]
  }

  private mutating func end(_ teardown: Teardown, _ now: Instant) -> [ProcessEffect] {
    switch state {
    case .idle:
      return []
    case .spawning, .backoff, .givenUp:
      state = .idle
      return [.announce]
    case .starting, .ready:
      return begin(teardown, now)
    case .ending(var course):
      let effects = course.advance(to: teardown.first.action, now: now)
      state = .ending(course)
      return effects
    }
  }

  private mutating func begin(_ teardown: Teardown, _ now: Instant) -> [ProcessEffect] {
    let (course, effects) = TeardownCourse.begin(teardown, now: now)
    state = .ending(course)
    return [.announce] + effects
  }

  private mutating func exited(_ status: ExitStatus) -> [ProcessEffect] {
    guard hasProcess else { return [] }
    var isBeforeReady = false
    if case .starting = state { isBeforeReady = !isAdopted }
    let end = ProcessEnd(status: status, isBeforeReady: isBeforeReady, step: course?.step.action)
    state = .idle
    return [.ended(end)]
  }

  private mutating func timer(_ now: Instant) -> [ProcessEffect] {
    switch state {
    case .starting(let deadline?) where now >= deadline:
      state = .starting(deadline: nil)
      return [.notReadyInTime]
    case .ending(var course):
      let effects = course.due(at: now)
      state = .ending(course)
      return effects
    case .backoff(let until) where now >= until:
      return start()
    case .idle, .spawning, .starting, .ready, .backoff, .givenUp:
      return []
    }
  }

  private mutating func change(_ body: (inout TeardownCourse) -> Void) {
    guard case .ending(var course) = state else { return }
    body(&course)
    state = .ending(course)
  }
}

/// What can happen to a supervised process.
package enum ProcessInput: Sendable, Equatable {
  /// It is to be there.
  case start

  /// It exists from now on; until when it may take to be ready.
  case spawned(readyBy: Instant?)
  case spawnFailed

  /// An earlier supervisor has started it, and it lives.
  case adopted(readyBy: Instant?)

  /// It is waited for until then, or without end.
  case expectReady(by: Instant?)
  case ready

  /// It is to end; one that is ending already goes straight to the first step, where that lies ahead.
  case end(Teardown)

  /// It is to end at once, by SIGKILL.
  case force

  /// The last request of the teardown was answered.
  case answered

  /// A step of the teardown is given no more than so long from now on.
  case shorten(TeardownStep.Action, to: Duration)
  case exited(ExitStatus)

  /// It is started again then.
  case backOff(until: Instant)

  /// Nothing starts it any more, and no process of it is here.
  case giveUp

  /// A deadline may have passed.
  case timer
}

/// What the machinery around a process is to do.
package enum ProcessEffect: Sendable, Equatable {
  /// Start it; answered by `spawned` or `spawnFailed`.
  case spawn

  /// Answered by `ready`.
  case awaitReadiness

  /// Its owner says what follows.
  case notReadyInTime

  /// Do what a step of the teardown says.
  case take(TeardownStep.Action, isRepeat: Bool)

  /// A step of the teardown has not ended it in its time.
  case overdue(TeardownStep.Action, within: Duration, next: TeardownStep.Action)

  /// It lives on behind the teardown's last step.
  case outlived

  /// Its state has changed.
  case announce

  /// No process is left; its owner says what follows.
  case ended(ProcessEnd)
}

/// How a supervised process has ended.
package struct ProcessEnd: Sendable, Equatable {
  /// Nil of one that could not be started.
  package let status: ExitStatus?

  /// Whether it was started here and had not become ready.
  package let isBeforeReady: Bool

  /// How far its teardown had come; nil when it was not to end.
  package let step: TeardownStep.Action?
}
