import Host
import Machine
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
    let effects = vm.handle(.runState(runState))
    switch runState {
    case "running": #expect(effects == [.announce] && vm.life.state == .running)
    case "paused": #expect(effects == [.announce] && vm.life.state == .paused)
    case "shutdown": #expect(effects == [.dropWish, .announce, .quit] && vm.life.desired == .stopped)
    case "guest-panicked": #expect(effects == [.announce, .quit] && vm.life.desired == .running)
    default: #expect(effects == [.resume] && vm.life.state == .starting)
    }
  }

  @Test("a paused guest that was reset stays paused, however many supervisors take it over")
  func adoptedPaused() {
    var vm = Driver.running()
    _ = vm.handle(.runState("paused"))
    for _ in 0..<2 { _ = vm.handle(.adopted) }
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.runState("prelaunch")) == [.announce])
    #expect(vm.life.state == .paused)
  }

  @Test(
    "a QEMU started just before its supervisor died begins as any other, whatever the last one did")
  func adoptedAnew() {
    for last in ["running", "paused"] {
      var vm = Driver.running()
      vm.life.check = HealthCheck(HealthSetting())
      _ = vm.handle(.runState(last))
      vm.life.beginAnew()
      _ = vm.handle(.adopted)
      #expect(vm.life.lastKnown == .starting)
      _ = vm.handle(.negotiated)
      #expect(vm.handle(.runState("prelaunch")) == [.resume])
      _ = vm.handle(.guest(.resumed))
      #expect(vm.life.state == .running && vm.life.check?.isReady == true)
    }
  }

  @Test("a guest whose stop was under way is stopped by the next supervisor")
  func adoptedWhileStopping() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    _ = vm.handle(.adopted)
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.runState("running")) == [.announce, .pressButton(first: true)])
  }

  @Test("a VM whose QEMU vanished while no supervisor ran, or whose host rebooted, starts again")
  func absent() {
    var vanished = Driver.running()
    #expect(vanished.handle(.absent(hostRebooted: false)) == [.announce])
    #expect(vanished.life.state == .backoff)
    var rebooted = Driver.running(policy: RestartPolicy(mode: .no))
    #expect(rebooted.handle(.absent(hostRebooted: true)) == [.spawn, .announce])
    #expect(rebooted.life.cause == "started again: the host was rebooted")
  }
}
