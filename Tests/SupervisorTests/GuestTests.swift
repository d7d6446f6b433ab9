import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

/// What is found of a guest: every state, every input.
@Suite struct GuestTests {
  private static let now = Instant(nanoseconds: 1_000_000_000_000)
  private static let rules = HealthSetting(
    interval: .seconds(10), timeout: .seconds(5), retries: 1, startPeriod: .seconds(60))

  private static let states: [(name: String, inputs: [GuestInput])] = [
    ("off", []),
    ("booting", [.created(answerBy: now + .seconds(180))]),
    ("found", [.found(nil, answerBy: now + .seconds(180))]),
    ("found-running", [.found(.running, answerBy: nil)]),
    ("found-paused", [.found(.paused, answerBy: nil)]),
    ("running", [.created(answerBy: nil), .event(.resumed)]),
    (
      "well",
      [.rules(rules, .reset), .created(answerBy: nil), .event(.resumed), .probed(.answered)]
    ),
    ("paused", [.created(answerBy: nil), .event(.resumed), .runState(.paused)]),
    ("without-space", [.created(answerBy: nil), .event(.resumed), .event(.ioError("d", noSpace: true))]),
    ("broken", [.created(answerBy: nil), .event(.resumed), .event(.ioError("d", noSpace: false))]),
  ]

  private static let inputs: [(name: String, input: GuestInput, after: Duration)] = [
    ("created", .created(answerBy: now + .seconds(9)), .zero), ("gone", .gone, .zero),
    ("found", .found(nil, answerBy: nil), .zero), ("found-running", .found(.running, answerBy: nil), .zero),
    ("expect-answer", .expectAnswer(by: now + .seconds(5)), .zero), ("negotiated", .negotiated, .zero),
    ("is-running", .runState(.running), .zero), ("is-suspended", .runState(.suspended), .zero),
    ("is-prelaunch", .runState(.prelaunch), .zero), ("is-paused", .runState(.paused), .zero),
    ("is-shutdown", .runState(.shutdown), .zero), ("is-io-error", .runState(.ioError), .zero),
    ("is-panicked", .runState(.guestPanicked), .zero), ("is-watchdog", .runState(.watchdog), .zero),
    ("is-internal-error", .runState(.internalError), .zero), ("is-save-vm", .runState(.saveVM), .zero),
    ("refused", .continueRefused("no"), .zero), ("RESUME", .event(.resumed), .zero),
    ("STOP", .event(.stopped), .zero), ("powered-off", .event(.shutdown(reason: "guest-shutdown")), .zero),
    ("reset-itself", .event(.shutdown(reason: "guest-reset")), .zero),
    ("panic-ends", .event(.shutdown(reason: "guest-panic")), .zero),
    ("host-signal", .event(.shutdown(reason: "host-signal")), .zero),
    ("shutdown", .event(.shutdown(reason: "subsystem-reset")), .zero), ("PANICKED", .event(.panicked), .zero),
    ("WATCHDOG-pause", .event(.watchdog(action: "pause")), .zero),
    ("WATCHDOG-reset", .event(.watchdog(action: "reset")), .zero),
    ("WATCHDOG-poweroff", .event(.watchdog(action: "poweroff")), .zero),
    ("RESET", .event(.reset(byGuest: true)), .zero),
    ("RESET-storm", .event(.reset(byGuest: true, count: 10)), .zero),
    ("RESET-by-host", .event(.reset(byGuest: false)), .zero),
    ("IO-ERROR", .event(.ioError("e", noSpace: false)), .zero),
    ("NO-SPACE", .event(.ioError("e", noSpace: true)), .zero), ("space", .space(true), .zero),
    ("no-space", .space(false), .zero), ("monitor-lost", .monitorLost("gone"), .zero),
    ("rules", .rules(HealthSetting(), .restart), .zero), ("no-rules", .rules(nil, .none), .zero),
    ("probe", .probe, .zero), ("console", .probed(.consoleShowed), .zero),
    ("answered", .probed(.answered), .zero),
    ("vcpus-run", .probed(.unanswered(vcpusRan: true, isStopped: false)), .zero),
    ("hangs", .probed(.unanswered(vcpusRan: false, isStopped: true)), .zero),
    ("second", .timer, .seconds(1)), ("hour", .timer, .seconds(3600)),
  ]

  /// A state in one word.
  private static func word(_ state: Guest.State) -> String {
    switch state {
    case .off: "off"
    case .booting: "booting"
    case .found(nil): "found"
    case .found(.running?): "found-running"
    case .found(.paused?): "found-paused"
    case .running: "running"
    case .paused(.user): "paused"
    case .paused(.ioError): "broken"
    case .paused(.noSpace): "without-space"
    case .paused(.keptAfterPanic), .paused(.keptByWatchdog): "kept"
    case .paused(.other(let runState)): runState.name
    }
  }

  /// A finding in words.
  private static func word(_ effect: GuestEffect) -> String {
    switch effect {
    case .runs(let wasFound): wasFound ? "runs as found" : "runs"
    case .paused: "pauses"
    case .fact(let fact): "will end: \(EndingKind(fact))"
    case .over(let fact, let end): "\(end): \(EndingKind(fact))"
    case .foundHanging: "hangs"
    case .condition(let help): help.isEmpty ? "condition" : "condition and help"
    default: TransitionTable.word(effect)
    }
  }

  @Test("what is found in every state of every input")
  func table() {
    let states = Dictionary(uniqueKeysWithValues: Self.states.map { ($0.name, $0.inputs) })
    let inputs = Dictionary(uniqueKeysWithValues: Self.inputs.map { ($0.name, ($0.input, $0.after)) })
    TransitionTable(Self.expected).check(
      states: Self.states.map(\.name), inputs: Self.inputs.map(\.name)
    ) { state, input in
      var guest = Guest(resetAfter: .seconds(60))
      for step in states[state] ?? [] { _ = guest.handle(step, at: Self.now) }
      guard let (input, after) = inputs[input] else { return "?" }
      let before = guest
      let effects = guest.handle(input, at: Self.now + after)
      if effects.isEmpty, guest == before { return "nothing" }
      let words = Self.word(guest.state)
      return words + (effects.isEmpty ? "" : ": " + effects.map(Self.word).joined(separator: ", "))
    }
  }

  private static let expected = """
    == off
    created -> booting
    nothing: gone expect-answer negotiated is-running is-suspended is-prelaunch is-paused is-shutdown
    nothing: is-io-error is-panicked is-watchdog is-internal-error is-save-vm refused RESUME STOP powered-off
    nothing: reset-itself panic-ends host-signal shutdown PANICKED WATCHDOG-pause WATCHDOG-reset
    nothing: WATCHDOG-poweroff RESET RESET-storm RESET-by-host IO-ERROR NO-SPACE space no-space probe console
    nothing: answered vcpus-run hangs second hour
    found -> found
    found-running -> found-running
    monitor-lost -> off: monitorLost
    rules no-rules -> off
    == booting
    created expect-answer rules no-rules -> booting
    gone -> off
    found -> found
    found-running -> found-running
    negotiated -> booting: resume
    is-running is-suspended RESUME -> running: runs
    nothing: is-prelaunch shutdown WATCHDOG-reset RESET RESET-storm RESET-by-host IO-ERROR NO-SPACE space
    nothing: no-space probe console answered vcpus-run hangs second
    is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error -> broken: pauses
    is-panicked PANICKED -> booting: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> booting: quit: internalError
    is-save-vm -> save-vm: pauses
    refused -> booting: quit: refused
    STOP -> booting: askRunState
    reset-itself -> booting: will end: resetItself
    panic-ends -> booting: will end: panicked
    host-signal -> booting: will end: endedFromOutside
    WATCHDOG-poweroff -> booting: will end: watchdog
    monitor-lost -> booting: monitorLost
    hour -> booting: silent
    == found
    created -> booting
    gone -> off
    found expect-answer rules no-rules -> found
    found-running -> found-running
    negotiated STOP -> found: askRunState
    is-running is-suspended RESUME -> running: runs as found
    is-prelaunch -> found: unreleased
    is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error IO-ERROR -> broken: pauses
    is-panicked PANICKED -> found: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> found: quit: internalError
    is-save-vm -> save-vm: pauses
    refused -> found: quit: refused
    reset-itself -> found: will end: resetItself
    panic-ends -> found: will end: panicked
    host-signal -> found: will end: endedFromOutside
    nothing: shutdown WATCHDOG-reset RESET RESET-storm RESET-by-host space no-space probe console answered
    nothing: vcpus-run hangs second
    WATCHDOG-poweroff -> found: will end: watchdog
    NO-SPACE -> without-space: pauses
    monitor-lost -> found: monitorLost
    hour -> found: silent
    == found-running
    created -> booting
    gone -> off
    found -> found
    nothing: found-running shutdown WATCHDOG-reset RESET RESET-storm RESET-by-host space no-space probe
    nothing: console answered vcpus-run hangs second hour
    expect-answer rules no-rules -> found-running
    negotiated STOP -> found-running: askRunState
    is-running is-suspended RESUME -> running: runs as found
    is-prelaunch -> found-running: unreleased
    is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error IO-ERROR -> broken: pauses
    is-panicked PANICKED -> found-running: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> found-running: quit: internalError
    is-save-vm -> save-vm: pauses
    refused -> found-running: quit: refused
    reset-itself -> found-running: will end: resetItself
    panic-ends -> found-running: will end: panicked
    host-signal -> found-running: will end: endedFromOutside
    WATCHDOG-poweroff -> found-running: will end: watchdog
    NO-SPACE -> without-space: pauses
    monitor-lost -> found-running: monitorLost
    == found-paused
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    expect-answer rules no-rules -> found-paused
    negotiated STOP -> found-paused: askRunState
    is-running is-suspended RESUME -> running: runs as found
    is-prelaunch is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error IO-ERROR -> broken: pauses
    is-panicked PANICKED -> found-paused: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> found-paused: quit: internalError
    is-save-vm -> save-vm: pauses
    refused -> found-paused: quit: refused
    reset-itself -> found-paused: will end: resetItself
    panic-ends -> found-paused: will end: panicked
    host-signal -> found-paused: will end: endedFromOutside
    nothing: shutdown WATCHDOG-reset RESET RESET-storm RESET-by-host space no-space probe console answered
    nothing: vcpus-run hangs second hour
    WATCHDOG-poweroff -> found-paused: will end: watchdog
    NO-SPACE -> without-space: pauses
    monitor-lost -> found-paused: monitorLost
    == running
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    nothing: expect-answer negotiated is-running is-suspended refused RESUME shutdown RESET-by-host space
    nothing: no-space probe console answered vcpus-run hangs second hour
    is-prelaunch -> running: unreleased
    is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error IO-ERROR -> broken: pauses
    is-panicked PANICKED -> running: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> running: quit: internalError
    is-save-vm -> save-vm: pauses
    STOP -> running: askRunState
    reset-itself -> running: will end: resetItself
    panic-ends -> running: will end: panicked
    host-signal -> running: will end: endedFromOutside
    WATCHDOG-reset -> running: watchdogReset
    WATCHDOG-poweroff -> running: will end: watchdog
    RESET -> running: save
    RESET-storm -> running: quit: bootLoop
    NO-SPACE -> without-space: pauses
    monitor-lost -> running: monitorLost
    rules -> running: condition, probe
    no-rules -> running
    == well
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    nothing: expect-answer negotiated is-running is-suspended refused RESUME shutdown RESET-by-host space
    nothing: no-space probe console answered second
    is-prelaunch -> running: unreleased
    is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error IO-ERROR -> broken: pauses
    is-panicked PANICKED -> running: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> running: quit: internalError
    is-save-vm -> save-vm: pauses
    STOP -> running: askRunState
    reset-itself -> running: will end: resetItself
    panic-ends -> running: will end: panicked
    host-signal -> running: will end: endedFromOutside
    WATCHDOG-reset -> running: watchdogReset
    WATCHDOG-poweroff -> running: will end: watchdog
    RESET -> running: save
    RESET-storm -> running: quit: bootLoop
    NO-SPACE -> without-space: pauses
    monitor-lost -> running: monitorLost
    rules -> running: condition, probe
    no-rules vcpus-run -> running: condition
    hangs -> running: pressReset, condition and help
    hour -> running: probe
    == paused
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    nothing: expect-answer negotiated is-prelaunch is-paused refused STOP shutdown WATCHDOG-reset RESET
    nothing: RESET-storm RESET-by-host IO-ERROR NO-SPACE space no-space probe console answered vcpus-run hangs
    nothing: second hour
    is-running is-suspended RESUME -> running: runs
    is-shutdown powered-off -> off: quit: poweredOff
    is-io-error -> broken: pauses
    is-panicked PANICKED -> paused: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> paused: quit: internalError
    is-save-vm -> save-vm: pauses
    reset-itself -> paused: will end: resetItself
    panic-ends -> paused: will end: panicked
    host-signal -> paused: will end: endedFromOutside
    WATCHDOG-poweroff -> paused: will end: watchdog
    monitor-lost -> paused: monitorLost
    rules no-rules -> paused
    == without-space
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    nothing: expect-answer negotiated is-io-error refused STOP shutdown WATCHDOG-reset RESET RESET-storm
    nothing: RESET-by-host IO-ERROR NO-SPACE no-space probe console answered vcpus-run hangs
    is-running is-suspended RESUME -> running: runs
    is-prelaunch is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-panicked PANICKED -> without-space: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> without-space: quit: internalError
    is-save-vm -> save-vm: pauses
    reset-itself -> without-space: will end: resetItself
    panic-ends -> without-space: will end: panicked
    host-signal -> without-space: will end: endedFromOutside
    WATCHDOG-poweroff -> without-space: will end: watchdog
    space -> without-space: resume
    monitor-lost -> without-space: monitorLost
    rules no-rules -> without-space
    second hour -> without-space: checkSpace
    == broken
    created -> booting
    gone -> off
    found -> found
    found-running -> found-running
    nothing: expect-answer negotiated is-io-error refused STOP shutdown WATCHDOG-reset RESET RESET-storm
    nothing: RESET-by-host IO-ERROR NO-SPACE space no-space probe console answered vcpus-run hangs second hour
    is-running is-suspended RESUME -> running: runs
    is-prelaunch is-paused -> paused: pauses
    is-shutdown powered-off -> off: quit: poweredOff
    is-panicked PANICKED -> broken: panicked
    is-watchdog WATCHDOG-pause -> kept: pauses
    is-internal-error -> broken: quit: internalError
    is-save-vm -> save-vm: pauses
    reset-itself -> broken: will end: resetItself
    panic-ends -> broken: will end: panicked
    host-signal -> broken: will end: endedFromOutside
    WATCHDOG-poweroff -> broken: will end: watchdog
    monitor-lost -> broken: monitorLost
    rules no-rules -> broken
    """
}
