import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

/// A start that waits for other VMs, and an end that does.
@Suite struct LifecycleOrderTests {
  private static let reason = WaitReason.vms([UnmetDependency("db", .healthy)])
  private static let end = LifecycleInput.holdEnd(
    HeldEnd(timeout: .seconds(7)), standingDown: false, saying: "to be stopped when web has ended")
  private static let standDown = LifecycleInput.holdEnd(
    HeldEnd(timeout: nil), standingDown: true, saying: "to be stopped when web has ended")

  @Test("a start that is held back waits, says what for, and is done when nothing holds it back")
  func waits() {
    var vm = Driver()
    #expect(vm.handle(.hold(for: Self.reason)) == [])
    #expect(vm.handle(.start) == [.announce])
    #expect(vm.life.state == .waiting && vm.life.desired == .running && vm.life.awaitsProcess)
    #expect(vm.life.cause == "waiting for db to be healthy" && !vm.life.awaitsSpawn)
    #expect(vm.handle(.hold(for: Self.reason)) == [])
    #expect(vm.handle(.hold(for: .vms([UnmetDependency("db", .healthy, .absent)]))) == [.announce])
    #expect(vm.life.cause == "waiting for db, which is not there")
    #expect(vm.handle(.release) == [.spawn, .announce])
    #expect(vm.life.state == .starting && vm.life.cause == "started by the user")
    vm.becomeRunning()
    // A crash of its own does not wait again.
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.wait() == [.spawn, .announce])
  }

  @Test("a start behind a stop that is under way waits when that is over")
  func behindStop() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.hold(for: Self.reason)) == [])
    _ = vm.handle(.start)
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.announce])
    #expect(vm.life.state == .waiting)
    #expect(vm.handle(.release) == [.spawn, .announce])
  }

  @Test("stop, kill and the supervisor's leave end the waiting")
  func waitingEnds() {
    for input in [LifecycleInput.stop(timeout: nil), .kill, .standDown, Self.end, Self.standDown] {
      var vm = Driver()
      _ = vm.handle(.hold(for: Self.reason))
      _ = vm.handle(.start)
      #expect(vm.handle(input) == [.announce])
      #expect(vm.life.state == .stopped && vm.life.intent.hold == nil && vm.life.intent.heldEnd == nil)
      #expect(vm.handle(.release) == [])
    }
  }

  @Test("an end that is held back is wished, asks nobody, and is done when others have ended")
  func heldEnd() {
    var vm = Driver.running()
    #expect(vm.handle(Self.end) == [.announce])
    #expect(vm.life.state == .running && vm.life.desired == .stopped)
    #expect(vm.life.cause == "to be stopped when web has ended")
    #expect(vm.handle(.releaseEnd) == [.announce, .pressButton(first: true)])
    #expect(vm.life.state == .stopping)
    #expect(vm.handle(.releaseEnd) == [])
    _ = vm.handle(.exited(.code(0), stderr: ""))
    #expect(vm.life.state == .stopped && vm.life.cause == "stopped by the user")
  }

  @Test("a guest that ends while its end is held back stays down")
  func endsMeanwhile() {
    for policy in RestartPolicy.Mode.allCases {
      for exit in [LifecycleInput.exited(.signal(9), stderr: ""), .exited(.code(0), stderr: "")] {
        var vm = Driver.running(policy: RestartPolicy(mode: policy))
        _ = vm.handle(Self.end)
        #expect(vm.handle(exit) == [.announce])
        #expect(vm.life.state == .stopped && vm.life.intent.heldEnd == nil)

        var other = Driver.running(policy: RestartPolicy(mode: policy))
        _ = other.handle(Self.standDown)
        _ = other.handle(exit)
        #expect(other.life.state == .stopped && other.life.desired == .running)
      }
    }
  }

  @Test("a start, a stop and a kill take the place of an end that is held back")
  func overridden() {
    var started = Driver.running()
    _ = started.handle(Self.end)
    #expect(started.handle(.start) == [.announce])
    #expect(started.life.desired == .running && started.life.cause == "running")
    #expect(started.handle(.releaseEnd) == [])

    var stopped = Driver.running()
    _ = stopped.handle(Self.end)
    #expect(stopped.handle(.stop(timeout: nil)) == [.announce, .pressButton(first: true)])

    var killed = Driver.running()
    _ = killed.handle(Self.end)
    #expect(killed.handle(.kill) == [.announce, .signal(9)])

    var restarted = Driver.running()
    _ = restarted.handle(Self.end)
    #expect(restarted.handle(.restart(timeout: nil)) == [.announce, .pressButton(first: true)])
    #expect(restarted.handle(.exited(.code(0), stderr: "")) == [.spawn, .announce])
  }

  @Test("a guest that was found and is to end later is left alone until then")
  func adopted() {
    var vm = Driver.running()
    vm.life.intent.desired = .stopped
    vm.life.intent.heldEnd = HeldEnd(timeout: nil)
    _ = vm.handle(.adopted)
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.runState(.running)) == [.announce])
    #expect(vm.life.state == .running)
    #expect(vm.handle(.releaseEnd) == [.announce, .pressButton(first: true)])
  }

  @Test("a VM that was given up stays so, whatever its start or its end waited for")
  func givenUp() {
    var vm = Driver.running()
    vm.life.intent.desired = .stopped
    vm.life.intent.heldEnd = HeldEnd(timeout: nil)
    _ = vm.handle(.adopted)
    vm.life.giveUp(saying: "a stranger has its lock")
    #expect(vm.handle(.releaseEnd) == [] && vm.handle(.release) == [])
    #expect(vm.life.state == .failed && vm.life.cause == "a stranger has its lock")
  }

  @Test("a VM that waited when its supervisor died waits with the next one, or starts")
  func nextSupervisor() {
    for isHeld in [false, true] {
      var vm = Driver()
      _ = vm.handle(.hold(for: Self.reason))
      _ = vm.handle(.start)
      if !isHeld { vm.life.intent.hold = nil }
      #expect(vm.handle(.absent(hostRebooted: false)) == (isHeld ? [.announce] : [.spawn, .announce]))
      #expect(vm.life.state == (isHeld ? .waiting : .starting))
    }
  }
}
