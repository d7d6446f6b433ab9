import Control
import Host
import JSON
import Machine
import QMP
import Testing

@testable import Supervisor

/// What a new supervisor makes of a guest that it finds, or does not find.
@Suite struct LifecycleAdoptionTests {
  @Test(
    "an adopted guest is asked how it is",
    arguments: ["running", "paused", "shutdown", "guest-panicked", "prelaunch"])
  func adopted(runState: String) {
    var vm = Driver.running()
    #expect(vm.handle(.adopted) == [.negotiate])
    #expect(vm.handle(.negotiated) == [.askRunState])
    let effects = vm.handle(.runState(RunState(runState)))
    switch runState {
    case "running": #expect(effects == [.announce] && vm.life.state == .running)
    case "paused": #expect(effects == [.announce] && vm.life.state == .paused)
    case "shutdown": #expect(effects == [.save, .dropWish, .announce, .quit] && vm.life.desired == .stopped)
    case "guest-panicked": #expect(effects == [.announce, .quit] && vm.life.desired == .running)
    default: #expect(effects == [.resume] && vm.life.state == .starting)
    }
  }

  @Test("a paused guest that was reset stays paused, however many supervisors take it over")
  func adoptedPaused() {
    var vm = Driver.running()
    _ = vm.handle(.runState(.paused))
    for _ in 0..<2 { _ = vm.handle(.adopted) }
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.runState(.prelaunch)) == [.announce])
    #expect(vm.life.state == .paused)
  }

  @Test(
    "a QEMU started just before its supervisor died begins as any other, whatever the last one did")
  func adoptedAnew() {
    for last in ["running", "paused"] {
      var vm = Driver.running()
      vm.life.guest.check = HealthCheck(HealthSetting())
      _ = vm.handle(.runState(RunState(last)))
      vm.life.forgetGuest()
      _ = vm.handle(.adopted)
      #expect(vm.life.lastKnown == .starting)
      _ = vm.handle(.negotiated)
      #expect(vm.handle(.runState(.prelaunch)) == [.resume])
      _ = vm.handle(.guest(.resumed))
      #expect(vm.life.state == .running && vm.life.guest.check?.isReady == true)
    }
  }

  @Test("a guest whose stop was under way is stopped by the next supervisor")
  func adoptedWhileStopping() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    _ = vm.handle(.adopted)
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.runState(.running)) == [.announce, .pressButton(first: true)])
  }

  @Test(
    "a restart that was under way goes on with the next supervisor, whatever the guest does meanwhile",
    arguments: ["running", "paused", "io-error", "guest-panicked", "silent"])
  func adoptedWhileRestarting(runState: String) {
    var vm = Driver.running()
    vm.life.guest.keepsPanicked = true
    _ = vm.handle(.restart(timeout: nil))
    Self.finishRestart(&vm, runState, adopted: [.negotiate, .announce])
  }

  @Test(
    "a restart while the guest is taken over is done when it answers, or does not",
    arguments: ["running", "paused", "silent"])
  func restartWhileTakenOver(runState: String) {
    var vm = Driver.running()
    #expect(vm.handle(.adopted) == [.negotiate])
    #expect(vm.handle(.restart(timeout: nil)) == [.announce])
    // Which a start does not call off.
    #expect(vm.handle(.start) == [])
    Self.finishRestart(&vm, runState, adopted: nil)
  }

  private static func finishRestart(_ vm: inout Driver, _ runState: String, adopted: [LifecycleEffect]?) {
    if let adopted { #expect(vm.handle(.adopted) == adopted) }
    if runState == "silent" {
      #expect(vm.wait() == [.announce, .signal(15)])
    } else {
      _ = vm.handle(.negotiated)
      _ = vm.handle(.runState(RunState(runState)))
    }
    #expect(vm.life.state == .stopping)
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.spawn, .announce])
    #expect(vm.life.cause.hasPrefix("started again by the user") && vm.life.intent.restarts == 0)
  }

  @Test("a stop that the next supervisor had to force is the user's, and a start calls it off in time")
  func stopOfASilentGuest() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    _ = vm.handle(.adopted)
    var called = vm
    #expect(called.handle(.start) == [.announce] && called.life.nextDeadline == nil)
    vm.life.guest.check = HealthCheck(HealthSetting())
    var lookedAfter = vm
    #expect(lookedAfter.handle(.start) == [.probe, .announce])
    _ = vm.wait()
    _ = vm.wait()
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.life.state == .stopped && vm.life.cause == "stopped by the user (ended by SIGKILL)")
  }

  @Test("what an end is due to is not forgotten with the supervisor", arguments: [false, true])
  func endUnderWay(isThere: Bool) throws {
    for (event, sentence) in [
      (GuestEvent.shutdown(reason: "guest-shutdown"), "the guest powered itself off"),
      (.panicked, "the guest panicked"),
    ] {
      var vm = Driver.running()
      _ = vm.handle(.guest(event))
      let ending = try #require(vm.life.ending)
      vm.life.ending = Ending(json: ending.json)
      if isThere {
        _ = vm.handle(.adopted)
        _ = vm.handle(.exited(.unknown, stderr: ""))
      } else {
        _ = vm.handle(.absent(hostRebooted: false))
      }
      #expect(vm.life.cause.hasPrefix(sentence), "\(vm.life.cause)")
    }
  }

  @Test("every end that can be under way is kept as it is")
  func endingsKept() {
    let endings: [Ending] = [
      .wished, .killed, .poweredOff, .resetItself, .panicked, .watchdog("reset"), .hung("no answer"),
      .bootLoop(10), .internalError, .endedFromOutside("host-signal"), .refused("no"), .monitorTimedOut(180),
    ]
    for ending in endings { #expect(Ending(json: ending.json) == ending) }
    #expect(Ending(json: ["kind": "of another version"]) == nil)
  }

  @Test("resets before a supervisor's death count for the boot loop")
  func bootLoopOverAdoption() {
    var vm = Driver.running()
    for _ in 1..<Guest.mostBootResets { _ = vm.handle(.guest(.reset(byGuest: true))) }
    _ = vm.handle(.adopted)
    _ = vm.handle(.negotiated)
    _ = vm.handle(.runState(.running))
    #expect(vm.handle(.guest(.reset(byGuest: true))) == [.announce, .quit])
  }

  @Test("a guest that sleeps when it is found runs")
  func asleep() {
    var vm = Driver.running()
    _ = vm.handle(.adopted)
    _ = vm.handle(.negotiated)
    _ = vm.handle(.runState(.suspended))
    #expect(vm.life.state == .running)
  }

  @Test("a VM whose end the supervisor before has recorded has that as its cause")
  func knownEnd() {
    var vm = Driver.running()
    #expect(vm.handle(.absent(hostRebooted: false, .signal(9), stderr: "x")) == [.announce])
    #expect(vm.life.cause.hasPrefix("QEMU was killed by signal 9 (SIGKILL): 'x'; it starts again in"))
    // What QEMU's events had told counts for more.
    var panicked = Driver.running()
    _ = panicked.handle(.guest(.panicked))
    _ = panicked.handle(.absent(hostRebooted: false, .code(0)))
    #expect(panicked.life.cause.hasPrefix("the guest panicked; it starts again in"))
  }

  @Test("a VM whose QEMU vanished while no supervisor ran, or whose host rebooted, starts again")
  func absent() {
    var vanished = Driver.running()
    #expect(vanished.handle(.absent(hostRebooted: false)) == [.announce])
    #expect(vanished.life.state == .backoff)
    var rebooted = Driver.running(policy: RestartPolicy(mode: .no))
    rebooted.life.intent.restarts = 3
    #expect(rebooted.handle(.absent(hostRebooted: true)) == [.spawn, .announce])
    let cutOff = "started again: the host went down and cut its guest off, which was not asked to power off"
    #expect(rebooted.life.cause == cutOff)
    rebooted.becomeRunning()
    #expect(rebooted.life.cause == cutOff)
    // One that came down before its host was cut off by nobody.
    var stoodDown = Driver.running()
    _ = stoodDown.handle(.standDown)
    _ = stoodDown.handle(.exited(.code(0), stderr: ""))
    stoodDown.life.intent.isStandingDown = false
    #expect(stoodDown.handle(.absent(hostRebooted: true)) == [.spawn, .announce])
    #expect(stoodDown.life.cause == "started again: the host was rebooted")
  }
}
