import Host
import Machine
import Testing

@testable import Supervisor

/// The life of a helper: every state, every input.
@Suite struct HelperLifeTests {
  private static let now = Instant(nanoseconds: 1_000_000_000_000)

  private static func declaration(_ death: HelperDeclaration.Death) -> HelperDeclaration {
    HelperDeclaration(
      "the helper", folder: "/h", program: "/p", arguments: ["run", "1"], markCount: 1, death: death)
  }

  private static let policy = RestartPolicy(
    mode: .always, delay: .seconds(2), maxDelay: .seconds(8), burst: 2, window: .seconds(60),
    resetAfter: .seconds(60))

  private static let states: [(name: String, inputs: [HelperInput])] = [
    ("stopped", []),
    ("spawning", [.want(anew: true)]),
    ("starting", [.want(anew: true), .spawned]),
    ("refused", [.want(anew: true), .spawned, .refused("no luck")]),
    ("ready", [.want(anew: true), .spawned, .ready]),
    ("adopted", [.adopted]),
    ("released", [.adopted, .release]),
    ("replaced", [.adopted, .want(anew: true)]),
    ("backoff", [.want(anew: true), .spawnFailed("no disk")]),
    ("given-up", [.want(anew: true), .spawnFailed("no disk"), .want(anew: false), .spawnFailed("no disk")]),
  ]

  private static let inputs: [(name: String, input: HelperInput, after: Duration)] = [
    ("want", .want(anew: false), .zero), ("want-anew", .want(anew: true), .zero),
    ("release", .release, .zero), ("spawned", .spawned, .zero),
    ("spawn-failed", .spawnFailed("no disk"), .zero), ("adopted", .adopted, .zero), ("ready", .ready, .zero),
    ("refused", .refused("no luck"), .zero), ("exited", .exited(.signal(9), "last"), .zero),
    ("second", .timer, .seconds(1)), ("minute", .timer, .seconds(60)),
  ]

  private static func words(_ life: HelperLife) -> String {
    func until(_ moment: Instant?) -> String { moment.map { " \(($0 - now).components.seconds)s" } ?? "" }
    let state =
      switch life.process.state {
      case .idle: "stopped"
      case .spawning: "spawning"
      case .starting(let deadline): "starting" + until(deadline)
      case .ready: "ready"
      case .ending(let course): word(course.step.action) + until(course.nextDeadline)
      case .backoff(let moment): "backoff" + until(moment)
      case .givenUp: "given-up"
      }
    let marks = [life.isWanted ? "wanted" : nil, life.isReplaced ? "replaced" : nil].compactMap { $0 }
    return ([state] + marks).joined(separator: ", ")
  }

  private static func word(_ action: TeardownStep.Action) -> String {
    switch action {
    case .ask(let request): "\(request)"
    case .wait: "wait"
    case .signal(let number): Signal.name(number)
    }
  }

  private static func word(_ effect: HelperEffect) -> String {
    switch effect {
    case .take(let action): "do \(word(action))"
    case .failed(let failure): "failed, it \(failure.sentence)"
    case .endOwner(let failure): "end owner, it \(failure.sentence)"
    case .spawn, .awaitReadiness, .ready, .outlived, .announce: "\(effect)"
    }
  }

  private static func moment(_ after: Duration = .zero) -> HelperLife.Moment {
    HelperLife.Moment(now + after, chance: 0.5)
  }

  private static func life(
    _ inputs: [HelperInput], _ death: HelperDeclaration.Death = .startAgain(policy)
  ) -> HelperLife {
    var life = HelperLife()
    for input in inputs { _ = life.handle(input, declaration(death), at: moment()) }
    return life
  }

  @Test("what follows in every state from every input")
  func table() {
    let states = Dictionary(uniqueKeysWithValues: Self.states.map { ($0.name, $0.inputs) })
    let inputs = Dictionary(uniqueKeysWithValues: Self.inputs.map { ($0.name, ($0.input, $0.after)) })
    TransitionTable(Self.expected).check(
      states: Self.states.map(\.name), inputs: Self.inputs.map(\.name)
    ) { state, input in
      guard let way = states[state], let (input, after) = inputs[input] else { return "?" }
      var life = Self.life(way)
      let before = life
      let effects = life.handle(input, Self.declaration(.startAgain(Self.policy)), at: Self.moment(after))
      if effects.isEmpty, life == before { return "nothing" }
      return Self.words(life) + (effects.isEmpty ? "" : ": " + effects.map(Self.word).joined(separator: "; "))
    }
  }

  @Test("an end means what the declaration says", arguments: [(false, 0), (true, 0), (false, 1), (true, 1)])
  func deaths(isReady: Bool, code: Int32) {
    let failure = HelperFailure(.ended(.code(code)), words: "last")
    let way: [HelperInput] = [.want(anew: true), .spawned] + (isReady ? [.ready] : [])
    let failed: [HelperEffect] = isReady ? [] : [.failed(failure)]
    for (death, more) in [
      (HelperDeclaration.Death.goOn, []), (.endOwner, [HelperEffect.endOwner(failure)]),
    ] {
      var life = Self.life(way, death)
      let effects = life.handle(.exited(.code(code), "last"), Self.declaration(death), at: Self.moment())
      #expect(effects == failed + [.announce] + more)
      #expect(life.process.state == .givenUp)
      #expect(life.failure == failure)
      #expect(
        life.handle(.want(anew: false), Self.declaration(death), at: Self.moment()) == [.spawn, .announce])
      #expect(life.failure == nil)
    }
  }

  @Test("one that served for long enough starts again as if it had never failed")
  func budget() {
    var life = Self.life([.adopted])
    let declaration = Self.declaration(.startAgain(Self.policy))
    for round in 1...5 {
      let at = Duration.seconds(100 * round)
      _ = life.handle(.exited(.signal(9), ""), declaration, at: Self.moment(at))
      #expect(life.process.state == .backoff(until: Self.now + at + .seconds(2)), "round \(round)")
      for input in [HelperInput.timer, .spawned, .ready] {
        _ = life.handle(input, declaration, at: Self.moment(at + .seconds(2)))
      }
      #expect(life.isReady)
      #expect(life.restarts == round)
    }
  }

  private static let expected = """
    == stopped
    want want-anew -> spawning, wanted: spawn; announce
    nothing: release spawn-failed ready refused exited second minute
    spawned -> SIGKILL 5s: announce; do SIGKILL
    adopted -> ready, wanted: awaitReadiness
    == spawning
    nothing: want ready refused exited second minute
    want-anew -> spawning, wanted: announce; spawn; announce
    release -> stopped: announce
    spawned -> starting 10s, wanted: awaitReadiness
    spawn-failed -> backoff 2s, wanted: failed, it cannot be started: no disk; announce
    adopted -> ready, wanted: awaitReadiness
    == starting
    nothing: want spawn-failed second
    want-anew -> SIGTERM 3s, wanted, replaced: announce; do SIGTERM
    release -> SIGTERM 3s: announce; do SIGTERM
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    adopted -> ready, wanted: awaitReadiness
    ready -> ready, wanted: ready; announce
    refused -> starting 10s, wanted
    exited -> backoff 2s, wanted: failed, it was killed by signal 9 (SIGKILL): 'last'; announce
    minute -> SIGKILL 65s, wanted: announce; do SIGKILL
    == refused
    nothing: want spawn-failed refused second
    want-anew -> SIGTERM 3s, wanted, replaced: announce; do SIGTERM
    release -> SIGTERM 3s: announce; do SIGTERM
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    adopted -> ready, wanted: awaitReadiness
    ready -> ready, wanted: ready; announce
    exited -> backoff 2s, wanted: failed, it cannot be started: no luck; announce
    minute -> SIGKILL 65s, wanted: announce; do SIGKILL
    == ready
    want -> ready, wanted: ready
    want-anew -> SIGTERM 3s, wanted, replaced: announce; do SIGTERM
    release -> SIGTERM 3s: announce; do SIGTERM
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    nothing: spawn-failed ready refused second minute
    adopted -> ready, wanted: awaitReadiness
    exited -> backoff 2s, wanted: announce
    == adopted
    want -> ready, wanted: ready
    want-anew -> SIGTERM 3s, wanted, replaced: announce; do SIGTERM
    release -> SIGTERM 3s: announce; do SIGTERM
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    nothing: spawn-failed ready refused second minute
    adopted -> ready, wanted: awaitReadiness
    exited -> backoff 2s, wanted: announce
    == released
    want want-anew -> SIGTERM 3s, wanted, replaced
    nothing: release spawn-failed ready refused second
    spawned -> SIGKILL 5s: announce; do SIGKILL
    adopted -> ready, wanted: awaitReadiness
    exited -> stopped: announce
    minute -> SIGKILL 65s: do SIGKILL
    == replaced
    nothing: want want-anew spawn-failed ready refused second
    release -> SIGTERM 3s
    spawned -> SIGKILL 5s, wanted, replaced: announce; do SIGKILL
    adopted -> ready, wanted, replaced: awaitReadiness
    exited -> spawning, wanted: spawn; announce
    minute -> SIGKILL 65s, wanted, replaced: do SIGKILL
    == backoff
    want want-anew minute -> spawning, wanted: spawn; announce
    release -> stopped: announce
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    nothing: spawn-failed ready refused exited second
    adopted -> ready, wanted: awaitReadiness
    == given-up
    want want-anew -> spawning, wanted: spawn; announce
    release -> stopped: announce
    spawned -> SIGKILL 5s, wanted: announce; do SIGKILL
    nothing: spawn-failed ready refused exited second minute
    adopted -> ready, wanted: awaitReadiness
    """
}
