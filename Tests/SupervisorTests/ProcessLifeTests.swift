import Host
import Testing

@testable import Supervisor

/// The life of a supervised process: every state, every input.
@Suite struct ProcessLifeTests {
  private static let now = Instant(nanoseconds: 1_000_000_000_000)
  private static let teardown = Teardown(
    TeardownStep(.ask(.powerButton), within: .seconds(60), isRepeated: true),
    TeardownStep(.ask(.quit), within: .seconds(5), needsAnswer: true),
    TeardownStep(.signal(15), within: .seconds(3)), TeardownStep(.signal(9), within: .seconds(5)))

  private static let states: [(name: String, inputs: [ProcessInput])] = [
    ("idle", []),
    ("spawning", [.start]),
    ("starting", [.start, .spawned(readyBy: now + .seconds(10))]),
    ("found", [.adopted(readyBy: now + .seconds(10))]),
    ("ready", [.start, .spawned(readyBy: nil), .ready]),
    ("asked", [.start, .spawned(readyBy: nil), .ready, .end(teardown)]),
    ("answered", [.start, .spawned(readyBy: nil), .ready, .end(teardown), .answered]),
    ("terminated", [.start, .spawned(readyBy: nil), .end(.signals)]),
    ("killed", [.start, .spawned(readyBy: nil), .force]),
    ("backoff", [.start, .spawnFailed, .backOff(until: now + .seconds(10))]),
    ("given-up", [.start, .spawnFailed, .giveUp]),
  ]

  private static let inputs: [(name: String, input: ProcessInput, after: Duration)] = [
    ("start", .start, .zero), ("spawned", .spawned(readyBy: now + .seconds(20)), .zero),
    ("spawn-failed", .spawnFailed, .zero), ("adopted", .adopted(readyBy: nil), .zero),
    ("expect-ready", .expectReady(by: now + .seconds(30)), .zero), ("ready", .ready, .zero),
    ("end", .end(teardown), .zero), ("end-by-signals", .end(.signals), .zero), ("force", .force, .zero),
    ("answered", .answered, .zero), ("shorten", .shorten(.ask(.powerButton), to: .seconds(2)), .zero),
    ("exited", .exited(.code(0)), .zero), ("back-off", .backOff(until: now + .seconds(40)), .zero),
    ("give-up", .giveUp, .zero), ("second", .timer, .seconds(1)), ("minute", .timer, .seconds(60)),
  ]

  /// A state in words.
  private static func words(_ life: ProcessLife) -> String {
    func until(_ moment: Instant?) -> String { moment.map { " \(($0 - now).components.seconds)s" } ?? "" }
    return switch life.state {
    case .idle: "idle"
    case .spawning: "spawning"
    case .starting(let deadline): "starting" + until(deadline)
    case .ready: "ready"
    case .ending(let course): word(course.step.action) + until(course.nextDeadline)
    case .backoff(let moment): "backoff" + until(moment)
    case .givenUp: "given-up"
    }
  }

  private static func word(_ action: TeardownStep.Action) -> String {
    switch action {
    case .ask(.powerButton): "button"
    case .ask(.quit): "quit"
    case .wait: "wait"
    case .signal(15): "TERM"
    case .signal(9): "KILL"
    case .signal(let number): "signal \(number)"
    }
  }

  private static func word(_ effect: ProcessEffect) -> String {
    switch effect {
    case .take(let action, let isRepeat): "do \(word(action))\(isRepeat ? " again" : "")"
    case .overdue(let action, let time, _): "\(word(action)) overdue after \(time.components.seconds) s"
    case .ended(let end):
      "ended\(end.isBeforeReady ? " before it was ready" : "")"
        + (end.step.map { " behind \(word($0))" } ?? "")
    case .spawn, .awaitReadiness, .notReadyInTime, .outlived, .announce: TransitionTable.word(effect)
    }
  }

  @Test("what follows in every state from every input")
  func table() {
    let states = Dictionary(uniqueKeysWithValues: Self.states.map { ($0.name, $0.inputs) })
    let inputs = Dictionary(uniqueKeysWithValues: Self.inputs.map { ($0.name, ($0.input, $0.after)) })
    TransitionTable(Self.expected).check(
      states: Self.states.map(\.name), inputs: Self.inputs.map(\.name)
    ) { state, input in
      var life = ProcessLife()
      for step in states[state] ?? [] { _ = life.handle(step, at: Self.now) }
      guard let (input, after) = inputs[input] else { return "?" }
      let before = life
      let effects = life.handle(input, at: Self.now + after)
      if effects.isEmpty, life == before { return "nothing" }
      return Self.words(life) + (effects.isEmpty ? "" : ": " + effects.map(Self.word).joined(separator: ", "))
    }
  }

  @Test("a teardown begins and goes on at any of its steps, and leaves out what nobody would hear")
  func steps() {
    var life = ProcessLife(.ready)
    #expect(
      life.handle(.end(Self.teardown.from(.signal(15))), at: Self.now) == [
        .announce, .take(.signal(15), isRepeat: false),
      ])
    // It never goes back.
    #expect(life.handle(.end(Self.teardown), at: Self.now) == [])
    #expect(life.handle(.end(Self.teardown.from(.ask(.quit))), at: Self.now) == [])
    #expect(Self.teardown.from(.signal(1)) == Self.teardown)

    for isAnswered in [false, true] {
      var asked = ProcessLife(.ready)
      _ = asked.handle(.end(Self.teardown), at: Self.now)
      if isAnswered { _ = asked.handle(.answered, at: Self.now) }
      let next: TeardownStep.Action = isAnswered ? .ask(.quit) : .signal(15)
      #expect(
        asked.handle(.timer, at: Self.now + .seconds(60)) == [
          .take(next, isRepeat: false), .overdue(.ask(.powerButton), within: .seconds(60), next: next),
        ])
    }
  }

  @Test("each start has a number of its own")
  func attempts() {
    var life = ProcessLife()
    for attempt in 1...3 {
      _ = life.handle(.start, at: Self.now)
      #expect(life.attempt == attempt)
      _ = life.handle(.spawnFailed, at: Self.now)
      _ = life.handle(.backOff(until: Self.now), at: Self.now)
    }
  }

  private static let expected = """
    == idle
    start -> spawning: spawn, announce
    spawned -> KILL 5s: announce, do KILL
    nothing: spawn-failed expect-ready ready end end-by-signals force answered shorten exited second minute
    adopted -> starting: awaitReadiness
    back-off -> backoff 40s: announce
    give-up -> given-up: announce
    == spawning
    nothing: start expect-ready ready answered shorten exited back-off second minute
    spawned -> starting 20s: awaitReadiness
    spawn-failed -> idle: ended before it was ready
    adopted -> starting: awaitReadiness
    end end-by-signals force -> idle: announce
    give-up -> given-up: announce
    == starting
    nothing: start spawn-failed answered shorten back-off second
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    expect-ready -> starting 30s
    ready -> ready
    end -> button 1s: announce, do button
    end-by-signals -> TERM 3s: announce, do TERM
    exited -> idle: ended before it was ready
    give-up -> given-up: announce
    minute -> starting: notReadyInTime
    == found
    nothing: start spawn-failed answered shorten back-off second
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    expect-ready -> starting 30s
    ready -> ready
    end -> button 1s: announce, do button
    end-by-signals -> TERM 3s: announce, do TERM
    exited -> idle: ended
    give-up -> given-up: announce
    minute -> starting: notReadyInTime
    == ready
    nothing: start spawn-failed expect-ready ready answered shorten back-off second minute
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    end -> button 1s: announce, do button
    end-by-signals -> TERM 3s: announce, do TERM
    exited -> idle: ended
    give-up -> given-up: announce
    == asked
    nothing: start spawn-failed expect-ready ready end back-off
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    end-by-signals -> TERM 3s: do TERM
    answered shorten -> button 1s
    exited -> idle: ended behind button
    give-up -> given-up: announce
    second -> button 3s: do button again
    minute -> TERM 63s: do TERM, button overdue after 60 s
    == answered
    nothing: start spawn-failed expect-ready ready end answered back-off
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    end-by-signals -> TERM 3s: do TERM
    shorten -> button 1s
    exited -> idle: ended behind button
    give-up -> given-up: announce
    second -> button 3s: do button again
    minute -> quit 65s: do quit, button overdue after 60 s
    == terminated
    nothing: start spawn-failed expect-ready ready end end-by-signals shorten back-off second
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    answered -> TERM 3s
    exited -> idle: ended behind TERM
    give-up -> given-up: announce
    minute -> KILL 65s: do KILL, TERM overdue after 3 s
    == killed
    nothing: start spawn-failed expect-ready ready end end-by-signals shorten back-off second
    spawned force -> KILL 5s: announce, do KILL
    adopted -> starting: awaitReadiness
    answered -> KILL 5s
    exited -> idle: ended behind KILL
    give-up -> given-up: announce
    minute -> KILL: outlived, announce
    == backoff
    start minute -> spawning: spawn, announce
    spawned -> KILL 5s: announce, do KILL
    nothing: spawn-failed expect-ready ready answered shorten exited second
    adopted -> starting: awaitReadiness
    end end-by-signals force -> idle: announce
    back-off -> backoff 40s: announce
    give-up -> given-up: announce
    == given-up
    start -> spawning: spawn, announce
    spawned -> KILL 5s: announce, do KILL
    nothing: spawn-failed expect-ready ready answered shorten exited second minute
    adopted -> starting: awaitReadiness
    end end-by-signals force -> idle: announce
    back-off -> backoff 40s: announce
    give-up -> given-up: announce
    """
}
