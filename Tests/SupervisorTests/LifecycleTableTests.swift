import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

/// The life of a VM: every state, every input.
@Suite struct LifecycleTableTests {
  private static let begun: [LifecycleInput] = [.start, .spawned, .negotiated, .guest(.resumed)]

  private static let states: [(name: String, inputs: [LifecycleInput])] = [
    ("stopped", []),
    ("waiting", [.hold(for: .room("memory")), .start]),
    ("spawning", [.start]),
    ("starting", [.start, .spawned]),
    ("negotiated", [.start, .spawned, .negotiated]),
    ("running", begun),
    ("paused", begun + [.runState(.paused)]),
    ("without-space", begun + [.guest(.ioError("d", noSpace: true))]),
    ("found", [.start, .adopted]),
    ("found-running", begun + [.adopted]),
    ("found-to-end", begun + [.adopted, .stop(timeout: nil)]),
    ("to-end", begun + [.holdEnd(HeldEnd(timeout: nil), standingDown: false, saying: "later")]),
    ("to-leave", begun + [.holdEnd(HeldEnd(timeout: nil), standingDown: true, saying: "later")]),
    ("asked", begun + [.stop(timeout: nil)]),
    ("asked-to-restart", begun + [.restart(timeout: nil)]),
    ("quitting", begun + [.guest(.panicked)]),
    ("killed", begun + [.kill]),
    ("leaving", begun + [.standDown]),
    ("backoff", begun + [.exited(.signal(9), stderr: "")]),
    ("failed", [.start, .spawnFailed("no")]),
  ]

  private static let inputs: [(name: String, input: LifecycleInput)] = [
    ("start", .start), ("stop", .stop(timeout: nil)), ("stop-soon", .stop(timeout: .seconds(1))),
    ("restart", .restart(timeout: nil)), ("kill", .kill), ("stand-down", .standDown),
    ("hold", .hold(for: .vms([UnmetDependency("db", .healthy)]))), ("release", .release),
    ("hold-end", .holdEnd(HeldEnd(timeout: nil), standingDown: false, saying: "later")),
    ("hold-leave", .holdEnd(HeldEnd(timeout: nil), standingDown: true, saying: "later")),
    ("release-end", .releaseEnd), ("start-refused", .startRefused("no")), ("spawned", .spawned),
    ("spawn-failed", .spawnFailed("no")), ("negotiated", .negotiated), ("is-running", .runState(.running)),
    ("is-prelaunch", .runState(.prelaunch)), ("is-paused", .runState(.paused)),
    ("is-shutdown", .runState(.shutdown)), ("is-io-error", .runState(.ioError)),
    ("is-panicked", .runState(.guestPanicked)), ("is-internal-error", .runState(.internalError)),
    ("space", .space(true)), ("no-space", .space(false)), ("refused", .continueRefused("no")),
    ("button-answered", .buttonAnswered), ("RESUME", .guest(.resumed)), ("STOP", .guest(.stopped)),
    ("powered-off", .guest(.shutdown(reason: "guest-shutdown"))),
    ("host-signal", .guest(.shutdown(reason: "host-signal"))), ("PANICKED", .guest(.panicked)),
    ("WATCHDOG-pause", .guest(.watchdog(action: "pause"))),
    ("WATCHDOG-reset", .guest(.watchdog(action: "reset"))),
    ("WATCHDOG-poweroff", .guest(.watchdog(action: "poweroff"))), ("RESET", .guest(.reset(byGuest: true))),
    ("RESET-storm", .guest(.reset(byGuest: true, count: 10))),
    ("IO-ERROR", .guest(.ioError("e", noSpace: false))), ("NO-SPACE", .guest(.ioError("e", noSpace: true))),
    ("exited", .exited(.code(0), stderr: "")), ("exited-1", .exited(.code(1), stderr: "x")),
    ("exited-by-9", .exited(.signal(9), stderr: "")), ("exited-by-31", .exited(.signal(31), stderr: "")),
    ("adopted", .adopted), ("absent", .absent(hostRebooted: false)),
    ("absent-9", .absent(hostRebooted: false, .signal(9))), ("rebooted", .absent(hostRebooted: true)),
    ("helper-ended", .helperEnded("it ended")), ("monitor-lost", .monitorLost("gone")),
    ("rules", .defined(health: HealthSetting(), onHang: .restart)),
    ("console", .health(.consoleShowed)), ("answered", .health(.answered)),
    ("hangs", .health(.unanswered(vcpusRan: false, isStopped: true))), ("early", .timer), ("timer", .timer),
  ]

  /// What has come of it: the state, what is wanted where that has changed, and the effects.
  private static func outcome(_ vm: Driver, _ before: Lifecycle, _ effects: [LifecycleEffect]) -> String {
    if effects.isEmpty, vm.life == before { return "nothing" }
    var words = vm.life.state == before.state ? "same" : vm.life.state.rawValue
    if vm.life.desired != before.desired { words += vm.life.desired == .running ? " wanted" : " unwanted" }
    if vm.life.intent.startsAgain, !before.intent.startsAgain { words += " to start again" }
    return words + (effects.isEmpty ? "" : ": " + effects.map(TransitionTable.word).joined(separator: ", "))
  }

  @Test("what follows in every state from every input")
  func table() {
    let states = Dictionary(uniqueKeysWithValues: Self.states.map { ($0.name, $0.inputs) })
    let inputs = Dictionary(uniqueKeysWithValues: Self.inputs.map { ($0.name, $0.input) })
    TransitionTable(Self.expected).check(
      states: Self.states.map(\.name), inputs: Self.inputs.map(\.name)
    ) { state, name in
      var vm = Driver()
      for step in states[state] ?? [] { _ = vm.handle(step) }
      guard let input = inputs[name] else { return "?" }
      let before = vm.life
      let effects = name == "timer" && vm.life.nextDeadline != nil ? vm.wait() : vm.handle(input)
      return Self.outcome(vm, before, effects)
    }
  }
}
