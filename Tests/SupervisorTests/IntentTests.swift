import Control
import Host
import Machine
import Testing

@testable import Supervisor

/// What follows from an end: every wish and policy, every end.
@Suite struct IntentTests {
  private static let states =
    ["unwanted", "leaving", "restarting"]
    + ["no", "on-failure", "always"].flatMap {
      [$0, "\($0)-again"]
    }

  private static let endings: [(name: String, ending: Ending)] = [
    ("wished", .wished), ("killed", .killed), ("powered-off", .poweredOff), ("reset-itself", .resetItself),
    ("panicked", .panicked), ("watchdog", .watchdog("poweroff")), ("hung", .hung("x")),
    ("boot-loop", .bootLoop(10)), ("internal-error", .internalError),
    ("from-outside", .endedFromOutside("host-signal")), ("died", .died(.signal(9))),
    ("refused", .refused("x")), ("forbidden", .forbidden), ("timed-out", .monitorTimedOut(180)),
    ("vanished", .vanished), ("rebooted", .hostRebooted), ("cut-off", .cutOff),
  ]

  private static func intent(_ state: String) -> Intent {
    let mode = RestartPolicy.Mode.allCases.first { state.hasPrefix($0.rawValue) } ?? .onFailure
    var intent = Intent(state == "unwanted" ? .stopped : .running, RestartPolicy(mode: mode))
    intent.isStandingDown = state == "leaving"
    intent.startsAgain = state == "restarting"
    // It was started by itself before.
    if state.hasSuffix("-again") { intent.restartCause = RestartCause("x", .died) }
    return intent
  }

  @Test("what follows from every end, by what is wanted and the policy")
  func table() {
    let endings = Dictionary(uniqueKeysWithValues: Self.endings.map { ($0.name, $0.ending) })
    TransitionTable(Self.expected).check(states: Self.states, inputs: Self.endings.map(\.name)) {
      state, ending in
      endings[ending].map { "\(Self.intent(state).consequence(of: $0))" } ?? "?"
    }
  }

  @Test("the user's start forgives failures, and a stop ends all that would start it")
  func wishes() {
    var intent = Self.intent("always-again")
    intent.restarts = 3
    let forgiven = [intent.forgive(), intent.forgive()]
    #expect(forgiven == [true, false] && intent.restarts == 0 && intent.restartCause == nil)
    intent.startsAgain = true
    intent.hold = .room("memory")
    intent.stop()
    #expect(intent.desired == .stopped && !intent.startsAgain && intent.hold == nil && intent.isToEnd)
  }

  private static let expected = """
    == unwanted
    wished killed powered-off reset-itself panicked watchdog hung boot-loop internal-error -> stop
    from-outside died refused forbidden timed-out vanished rebooted cut-off -> stop
    == leaving
    wished killed powered-off reset-itself panicked watchdog hung boot-loop internal-error -> standDown
    from-outside died refused forbidden timed-out vanished rebooted cut-off -> standDown
    == restarting
    wished killed powered-off reset-itself panicked watchdog hung boot-loop internal-error -> startAgain
    from-outside died refused forbidden timed-out vanished rebooted cut-off -> startAgain
    == no
    wished killed -> startAgain
    powered-off -> dropWish
    reset-itself panicked watchdog hung boot-loop internal-error died refused timed-out vanished -> fail
    from-outside -> stopStillWanted
    forbidden -> refuse
    rebooted cut-off -> startAtBoot
    == no-again
    wished killed -> startAgain
    powered-off -> dropWish
    reset-itself panicked watchdog hung boot-loop internal-error died refused timed-out vanished -> fail
    from-outside -> stopStillWanted
    forbidden -> refuse
    rebooted cut-off -> startAtBoot
    == on-failure
    wished killed -> startAgain
    powered-off -> dropWish
    reset-itself panicked watchdog hung boot-loop internal-error from-outside died timed-out vanished -> retry
    refused forbidden -> refuse
    rebooted cut-off -> startAtBoot
    == on-failure-again
    wished killed -> startAgain
    powered-off -> dropWish
    reset-itself panicked watchdog hung boot-loop internal-error from-outside died refused timed-out -> retry
    vanished -> retry
    forbidden -> refuse
    rebooted cut-off -> startAtBoot
    == always
    wished killed -> startAgain
    powered-off reset-itself panicked watchdog hung boot-loop internal-error from-outside died -> retry
    timed-out vanished -> retry
    refused forbidden -> refuse
    rebooted cut-off -> startAtBoot
    == always-again
    wished killed -> startAgain
    powered-off reset-itself panicked watchdog hung boot-loop internal-error from-outside died -> retry
    refused timed-out vanished -> retry
    forbidden -> refuse
    rebooted cut-off -> startAtBoot
    """
}
