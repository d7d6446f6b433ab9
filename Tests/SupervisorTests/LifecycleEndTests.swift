import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

@Suite("A guest's end and what is said of it") struct LifecycleEndTests {
  @Test("a stop that is shortened says how long the guest had")
  func shortened() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: .seconds(30)))
    _ = vm.handle(.buttonAnswered)
    vm.clock = Instant(nanoseconds: 500_000_000)
    _ = vm.handle(.stop(timeout: .seconds(1)))
    _ = vm.wait()
    #expect(
      vm.wait() == [.quit, .tell("the guest did not end within 1.5 s on its power button; trying quit")])
  }

  @Test("a QEMU that says it ends, and does not, is made to; what follows is what it said")
  func saysItEnds() {
    var vm = Driver.running()
    #expect(vm.handle(.guest(.shutdown(reason: "host-signal"))) == [.announce])
    #expect(vm.life.state == .stopping && vm.life.nextDeadline == vm.clock + .seconds(5))
    #expect(vm.life.cause == "QEMU was ended from outside (host-signal)")
    var (stopped, taken, started, prompt) = (vm, vm, vm, vm)
    #expect(vm.wait() == [.signal(15)])
    #expect(vm.wait() == [.signal(9)])
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.life.state == .backoff && vm.life.desired == .running)
    #expect(vm.life.cause.hasPrefix("QEMU was ended from outside (host-signal)"), "\(vm.life.cause)")
    // A stop does not ask a guest that is not there any more.
    #expect(stopped.handle(.stop(timeout: nil)) == [.announce])
    #expect(stopped.wait() == [.signal(15)])
    _ = stopped.handle(.exited(.code(0), stderr: ""))
    #expect(stopped.life.state == .stopped && stopped.life.desired == .stopped)
    // A new supervisor knows of it.
    #expect(taken.handle(.adopted) == [.negotiate, .announce])
    #expect(taken.wait() == [.signal(15)])
    // Whoever starts it while it ends has it again at once.
    _ = started.handle(.start)
    _ = started.handle(.exited(.code(0), stderr: ""))
    #expect(started.life.state == .starting)
    // One that ends in time is not signalled.
    _ = prompt.handle(.exited(.code(0), stderr: ""))
    #expect(prompt.life.state == .backoff)
  }

  @Test("a guest that has switched itself off was not ended by QEMU's quit")
  func offUnderTheButton() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.guest(.stopped)) == [.askRunState])
    #expect(vm.handle(.runState(.shutdown)) == [.quit])
    _ = vm.handle(.exited(.code(0), stderr: ""))
    #expect(vm.life.cause == "stopped by the user")
  }

  @Test("what its sandbox kills before QMP answers has failed for good, whatever its policy and its story")
  func forbidden() {
    for mode in RestartPolicy.Mode.allCases {
      var vm = Driver.running(policy: RestartPolicy(mode: mode))
      _ = vm.handle(.stop(timeout: nil))
      _ = vm.handle(.exited(.code(0), stderr: ""))
      _ = vm.handle(.start)
      _ = vm.handle(.spawned)
      #expect(vm.handle(.exited(.signal(31), stderr: "")) == [.announce])
      #expect(vm.life.state == .failed && vm.life.nextDeadline == nil)
      #expect(vm.life.cause.hasPrefix("cannot start: QEMU was killed by its sandbox (SIGSYS)"))
    }
    var restarted = Driver.running()
    _ = restarted.handle(.exited(.signal(9), stderr: ""))
    _ = restarted.wait()
    _ = restarted.handle(.spawned)
    _ = restarted.handle(.exited(.signal(31), stderr: ""))
    #expect(restarted.life.state == .failed)
    // What a guest that ran has brought about may be another matter the next time.
    var running = Driver.running()
    _ = running.handle(.exited(.signal(31), stderr: ""))
    #expect(running.life.state == .backoff)
  }

  @Test("a start while a guest is stopped or taken down after a failure forgives all failures")
  func forgivenWhileStopping() {
    var vm = Driver.running()
    for _ in 0..<3 {
      _ = vm.handle(.exited(.signal(9), stderr: ""))
      _ = vm.wait()
      vm.becomeRunning()
    }
    #expect(vm.life.intent.restarts == 3 && vm.life.intent.budget.consecutive == 3)
    _ = vm.handle(.guest(.panicked))
    #expect(vm.life.state == .stopping)
    _ = vm.handle(.start)
    #expect(
      vm.life.intent.restarts == 0 && vm.life.intent.budget == RestartBudget()
        && vm.life.intent.restartCause == nil)
    _ = vm.handle(.exited(.code(0), stderr: ""))
    #expect(
      vm.life.state == .starting && vm.life.intent.restarts == 0 && vm.life.intent.budget == RestartBudget())
  }

  @Test("what a signal has ended starts again only when no init system has ended the supervisor as well")
  func initEndsAll() {
    var vm = Driver.running(policy: RestartPolicy(delay: .zero))
    _ = vm.handle(.guest(.shutdown(reason: "host-signal")))
    _ = vm.handle(.exited(.code(0), stderr: ""))
    #expect(vm.life.state == .backoff && vm.life.nextDeadline == vm.clock + .seconds(2))
    var alone = vm
    #expect(alone.wait() == [.spawn, .announce])
    #expect(vm.handle(.startNothing) == [])
    #expect(vm.life.nextDeadline == nil)
    vm.clock = vm.clock + .seconds(60)
    #expect(vm.handle(.timer) == [] && vm.life.state == .backoff)
    // After the host's boot it starts, and says what it was.
    #expect(vm.handle(.absent(hostRebooted: true)) == [.spawn, .announce])
    #expect(vm.life.lastEnding == .cutOff)
    // Nor does one start that ends while the supervisor leaves.
    var late = Driver.running(policy: RestartPolicy(delay: .zero))
    _ = late.handle(.startNothing)
    _ = late.handle(.exited(.signal(9), stderr: ""))
    #expect(late.life.state == .backoff && late.life.nextDeadline == nil)
    // Its user may start it for all that.
    #expect(late.handle(.start) == [.spawn, .announce])
  }

  @Test("a supervisor that insists waits for no button any more, and for no other VM")
  func insists() {
    var vm = Driver.running()
    #expect(vm.handle(.insist) == [])
    _ = vm.handle(.standDown)
    _ = vm.handle(.buttonAnswered)
    _ = vm.handle(.insist)
    #expect(vm.life.nextDeadline == vm.clock)
    #expect(vm.wait().first == .quit)
    var held = Driver.running()
    _ = held.handle(.holdEnd(HeldEnd(timeout: nil), standingDown: true, saying: "x"))
    #expect(held.handle(.insist).contains(.pressButton(first: true)))
    _ = held.handle(.buttonAnswered)
    #expect(held.wait().first == .quit && held.life.desired == .running)
  }
}
