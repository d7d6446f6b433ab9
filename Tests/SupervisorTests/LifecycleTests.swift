import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

/// The lifecycle as scenarios: what happens, and what follows from it.
@Suite struct LifecycleTests {
  @Test("a wanted VM is spawned, negotiated, let go and running")
  func start() {
    var vm = Driver()
    #expect(vm.handle(.start) == [.spawn, .announce])
    #expect(vm.life.state == .starting && vm.life.desired == .running)
    #expect(vm.handle(.spawned) == [.negotiate])
    #expect(vm.handle(.negotiated) == [.resume])
    #expect(vm.handle(.guest(.resumed)) == [.announce])
    #expect(vm.life.state == .running && vm.life.cause == "running")
    #expect(vm.handle(.start) == [])
  }

  @Test("stopping asks the guest, again and again, then QEMU, then forces it")
  func ladder() {
    var vm = Driver.running()
    #expect(vm.handle(.stop(timeout: .seconds(10))) == [.announce, .pressButton(first: true)])
    #expect(vm.handle(.buttonAnswered) == [])
    #expect(vm.wait() == [.pressButton(first: false)])
    #expect(vm.wait() == [.pressButton(first: false)])
    #expect(vm.wait() == [.pressButton(first: false)])
    #expect(vm.clock == Instant(nanoseconds: 7_000_000_000))
    #expect(
      vm.wait() == [.quit, .tell("the guest did not end within 10 s on its power button; trying quit")])
    #expect(vm.wait() == [.signal(15), .tell("QEMU did not end within 5 s on quit; trying SIGTERM")])
    #expect(vm.wait() == [.signal(9), .tell("QEMU did not end within 3 s on SIGTERM; trying SIGKILL")])
    #expect(vm.clock == Instant(nanoseconds: 18_000_000_000))
    #expect(vm.handle(.exited(.signal(9), stderr: "")) == [.announce])
    #expect(vm.life.state == .stopped && vm.life.cause == "stopped by the user (ended by SIGKILL)")
  }

  @Test("a stop of what is down already leaves it its cause")
  func stopped() {
    var vm = Driver.running()
    _ = vm.handle(.kill)
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.handle(.stop(timeout: nil)) == [])
    #expect(vm.life.cause == "killed by the user")
  }

  @Test("a monitor that left the button unanswered is not asked to quit")
  func mute() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: .seconds(1)))
    #expect(
      vm.wait() == [
        .signal(15), .tell("the guest did not end within 1 s on its power button; trying SIGTERM"),
      ])
  }

  @Test("a guest that takes the power button ends without force")
  func graceful() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.guest(.shutdown(reason: "guest-shutdown"))) == [])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.announce])
    #expect(vm.life.cause == "stopped by the user" && vm.life.desired == .stopped)
  }

  @Test("a guest that stands in shutdown after the button is told to quit")
  func buttonWithoutAction() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    _ = vm.handle(.guest(.shutdown(reason: "guest-shutdown")))
    #expect(vm.handle(.guest(.stopped)) == [.askRunState])
    #expect(vm.handle(.runState(.shutdown)) == [.quit])
  }

  @Test("a guest that is paused under the power button is continued and asked again")
  func pausedUnderTheButton() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.guest(.stopped)) == [.askRunState])
    #expect(vm.handle(.runState(.paused)) == [.resume, .pressButton(first: false)])
    #expect(vm.life.state == .stopping)
  }

  @Test("a start asked for while the guest goes down by itself is kept, also by the next supervisor")
  func startsAgain() {
    var vm = Driver.running()
    _ = vm.handle(.guest(.shutdown(reason: "guest-shutdown")))
    #expect(vm.handle(.start) == [.announce])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.spawn, .announce])
    #expect(vm.life.desired == .running)

    var restarted = Driver.running()
    _ = restarted.handle(.restart(timeout: nil))
    _ = restarted.handle(.adopted)
    _ = restarted.handle(.negotiated)
    #expect(restarted.handle(.runState(.running)) == [.announce, .pressButton(first: true)])
    var gone = Driver.running()
    _ = gone.handle(.restart(timeout: nil))
    #expect(gone.handle(.absent(hostRebooted: false)) == [.spawn, .announce])
  }

  @Test("a start that fails waits, also where the policy says no delay")
  func failedStartWaits() {
    var vm = Driver.running(policy: RestartPolicy(delay: .zero))
    #expect(vm.handle(.exited(.signal(9), stderr: "")) == [.spawn, .announce])
    #expect(vm.handle(.spawnFailed("no binary")) == [.announce])
    #expect(vm.life.state == .backoff)
  }

  @Test("a paused guest is continued before the button, a guest with a failed disk is not asked")
  func pausedStop() {
    var vm = Driver.running()
    _ = vm.handle(.guest(.stopped))
    _ = vm.handle(.runState(.paused))
    #expect(vm.life.state == .paused && vm.life.cause == "paused by the user")
    #expect(vm.handle(.stop(timeout: nil)) == [.resume, .announce, .pressButton(first: true)])

    var buttonless = Driver.running()
    buttonless.life.guest.hasPowerButton = false
    #expect(buttonless.handle(.stop(timeout: nil)) == [.announce, .quit])

    var broken = Driver.running()
    _ = broken.handle(.guest(.ioError("disk 'd0' failed: Input/output error", noSpace: false)))
    #expect(broken.life.cause == "QEMU paused it: disk 'd0' failed: Input/output error")
    #expect(broken.handle(.stop(timeout: nil)) == [.announce, .quit])

    var full = Driver.running()
    _ = full.handle(.stop(timeout: nil))
    #expect(full.handle(.guest(.ioError("no space left for disk 'd0'", noSpace: true))) == [.quit])
  }

  @Test("a guest without space is looked after ever more rarely, and goes on when there is some")
  func noSpace() {
    var vm = Driver.running()
    #expect(vm.handle(.guest(.ioError("no space left for disk 'd0'", noSpace: true))) == [.announce])
    #expect(vm.life.state == .paused && vm.life.cause.hasSuffix("it goes on by itself when there is space"))
    #expect(vm.handle(.guest(.stopped)) == [])
    var looks: [Int64] = []
    for _ in 0..<7 {
      #expect(vm.wait() == [.checkSpace])
      looks.append(vm.clock.nanoseconds / 1_000_000_000)
      #expect(vm.handle(.space(false)) == [])
    }
    #expect(looks == [1, 3, 7, 15, 31, 61, 91])
    #expect(vm.wait() == [.checkSpace])
    #expect(vm.handle(.space(true)) == [.resume])
    #expect(vm.handle(.guest(.resumed)) == [.announce])
    #expect(vm.life.state == .running)
  }

  @Test("ten resets before it was ever up for long are a boot loop; later ones are the guest's own affair")
  func bootLoop() {
    var vm = Driver.running()
    for _ in 1..<Guest.mostBootResets {
      vm.clock = vm.clock + .seconds(59)
      #expect(vm.handle(.guest(.reset(byGuest: true))) == [.save])
    }
    #expect(vm.handle(.guest(.reset(byGuest: false))) == [])
    #expect(vm.handle(.guest(.reset(byGuest: true))) == [.announce, .quit])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.announce])
    #expect(vm.life.cause.hasPrefix("the guest reset itself 10 times and never came up (a boot loop)"))

    var stormy = Driver.running()
    #expect(stormy.handle(.guest(.reset(byGuest: true, count: 5))) == [.save])
    #expect(stormy.handle(.guest(.reset(byGuest: true, count: 800))) == [.announce, .quit])

    var old = Driver.running()
    old.clock = old.clock + .seconds(60)
    #expect(old.handle(.guest(.reset(byGuest: true))) == [.save])
    for _ in 0..<100 { #expect(old.handle(.guest(.reset(byGuest: true))) == []) }
    #expect(old.life.state == .running)
  }

  @Test("a watchdog resets, keeps or ends its guest; a panicked one is kept where that is asked for")
  func watchdogAndPanic() {
    var reset = Driver.running()
    #expect(reset.handle(.guest(.watchdog(action: "reset"))) == [.announce])
    #expect(reset.life.cause == "its watchdog fired and reset the guest")
    var kept = Driver.running()
    #expect(kept.handle(.guest(.watchdog(action: "pause"))) == [.announce])
    #expect(kept.life.state == .paused)
    #expect(kept.handle(.stop(timeout: nil)) == [.announce, .quit])
    var ended = Driver.running()
    #expect(ended.handle(.guest(.watchdog(action: "poweroff"))) == [])
    _ = ended.handle(.exited(.code(0), stderr: ""))
    #expect(ended.life.cause == "the guest's watchdog fired (poweroff); it starts again in 0.1 s")
    var panicked = Driver.running()
    panicked.life.guest.keepsPanicked = true
    #expect(panicked.handle(.guest(.panicked)) == [.announce])
    #expect(panicked.life.state == .paused)
  }

  @Test("a killed QEMU comes back after the policy's delay, and says why")
  func crash() {
    var vm = Driver.running()
    #expect(vm.handle(.exited(.signal(9), stderr: "")) == [.announce])
    #expect(vm.life.state == .backoff)
    #expect(vm.life.cause == "QEMU was killed by signal 9 (SIGKILL); it starts again in 0.1 s")
    #expect(vm.wait() == [.spawn, .announce])
    #expect(vm.clock == Instant(nanoseconds: 100_000_000))
    vm.becomeRunning()
    #expect(vm.life.intent.restarts == 1)
    #expect(vm.life.cause == "restarted after a failure: QEMU was killed by signal 9 (SIGKILL)")
  }

  @Test("with no delay the next QEMU is started in the same step")
  func crashWithoutDelay() {
    var vm = Driver.running(policy: RestartPolicy(delay: .zero))
    #expect(vm.handle(.exited(.code(1), stderr: "out of words")) == [.spawn, .announce])
    #expect(vm.life.cause == "starting again at once: QEMU exited with code 1: 'out of words'")
  }

  @Test("a burst of failures inside the window is given up")
  func giveUp() {
    var vm = Driver.running(policy: RestartPolicy(burst: 3, window: .seconds(60)))
    for _ in 0..<2 {
      _ = vm.handle(.exited(.signal(11), stderr: ""))
      _ = vm.wait()
      vm.becomeRunning()
    }
    #expect(vm.handle(.exited(.signal(11), stderr: "")) == [.announce])
    #expect(vm.life.state == .failed && vm.life.desired == .running)
    #expect(vm.life.cause == "given up after 3 failures within 60 s: QEMU was killed by signal 11 (SIGSEGV)")
    #expect(vm.handle(.start) == [.spawn, .announce])
    #expect(vm.life.intent.restarts == 0)
  }

  @Test("a start that QEMU refuses has failed; during a restart it is one more failure")
  func refused() {
    var vm = Driver()
    _ = vm.handle(.start)
    _ = vm.handle(.spawned)
    #expect(vm.handle(.exited(.code(1), stderr: "unsupported machine type")) == [.announce])
    #expect(vm.life.state == .failed)
    #expect(
      vm.life.cause == "cannot start: QEMU exited with code 1 before QMP answered: 'unsupported machine type'"
    )

    var again = Driver.running()
    _ = again.handle(.exited(.signal(9), stderr: ""))
    _ = again.wait()
    _ = again.handle(.spawned)
    _ = again.handle(.exited(.code(1), stderr: "port in use"))
    #expect(again.life.state == .backoff)
    _ = again.wait()
    #expect(again.life.intent.restarts == 2)
  }

  @Test("a power-off by the guest settles the wish on disk before QEMU is told to quit")
  func powerOff() {
    var vm = Driver.running()
    #expect(vm.handle(.guest(.shutdown(reason: "guest-shutdown"))) == [.save, .dropWish, .announce, .quit])
    #expect(vm.life.desired == .stopped && vm.life.state == .stopping)
    #expect(vm.handle(.guest(.stopped)) == [])
    #expect(vm.handle(.guest(.shutdown(reason: "host-qmp-quit"))) == [])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.announce])
    #expect(vm.life.state == .stopped && vm.life.cause == "the guest powered itself off")
  }

  @Test(
    "what follows from an end, by policy",
    arguments: [
      (Ending.poweredOff, [Ending.Consequence.stop, .stop, .restart]),
      (.panicked, [.fail, .restart, .restart]),
      (.watchdog("poweroff"), [.fail, .restart, .restart]),
      (.died(.signal(9)), [.fail, .restart, .restart]),
      (.died(.code(1)), [.fail, .restart, .restart]),
      (.refused("x"), [.fail, .refuse, .refuse]),
      (.endedFromOutside("host-signal"), [.stopStillWanted, .restart, .restart]),
      (.vanished, [.fail, .restart, .restart]),
      (.hostRebooted, [.restart, .restart, .restart]), (.cutOff, [.restart, .restart, .restart]),
      (.wished, [.stop, .stop, .stop]),
      (.killed, [.stop, .stop, .stop]),
    ])
  func consequences(ending: Ending, expected: [Ending.Consequence]) {
    #expect(RestartPolicy.Mode.allCases.map { ending.consequence($0) } == expected)
  }

  @Test("a stop wins in back-off, before the spawn, in negotiation and after a crash")
  func stopWins() {
    var backoff = Driver.running()
    _ = backoff.handle(.exited(.signal(9), stderr: ""))
    #expect(backoff.handle(.stop(timeout: nil)) == [.announce])
    #expect(backoff.life.state == .stopped && backoff.life.nextDeadline == nil)

    var spawning = Driver()
    _ = spawning.handle(.start)
    #expect(spawning.handle(.stop(timeout: nil)) == [.announce])
    #expect(spawning.life.state == .stopped)
    #expect(!spawning.life.awaitsSpawn)

    var negotiating = Driver()
    _ = negotiating.handle(.start)
    _ = negotiating.handle(.spawned)
    #expect(negotiating.handle(.stop(timeout: nil)) == [.announce, .signal(15)])
    #expect(negotiating.handle(.negotiated) == [])
    _ = negotiating.handle(.exited(.signal(15), stderr: ""))
    #expect(negotiating.life.state == .stopped)

    var crashing = Driver.running()
    _ = crashing.handle(.stop(timeout: nil))
    _ = crashing.handle(.exited(.signal(11), stderr: ""))
    #expect(crashing.life.state == .stopped && crashing.life.nextDeadline == nil)
  }

  @Test("a start during a stop starts the guest again when it has ended")
  func startWhileStopping() {
    var vm = Driver.running()
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.start) == [.announce])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.spawn, .announce])
  }

  @Test("a restart is a stop and a start, and no failure")
  func restart() {
    var vm = Driver.running()
    #expect(vm.handle(.restart(timeout: nil)) == [.announce, .pressButton(first: true)])
    #expect(vm.handle(.exited(.code(0), stderr: "")) == [.spawn, .announce])
    vm.becomeRunning()
    #expect(vm.life.intent.restarts == 0 && vm.life.cause == "running")
  }

  @Test("kill pulls the plug and stays stopped")
  func kill() {
    var vm = Driver.running()
    #expect(vm.handle(.kill) == [.announce, .signal(9)])
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.life.state == .stopped && vm.life.cause == "killed by the user")
  }

  @Test("a QEMU that was quit or signalled by others is restarted, and says so")
  func outside() {
    var vm = Driver.running()
    _ = vm.handle(.guest(.shutdown(reason: "host-signal")))
    _ = vm.handle(.exited(.code(0), stderr: "terminating on signal 15 from pid 7 (kill)"))
    #expect(vm.life.state == .backoff)
    #expect(vm.life.cause.hasPrefix("QEMU was ended from outside (host-signal): 'terminating on signal 15"))
  }

  @Test("whatever happens after a confirmed stop, nothing is spawned before the next start")
  func stopIsFinal() {
    var random = SplitMix(seed: 0x5107)
    for _ in 0..<3000 {
      var vm = Driver(policy: RestartPolicy(mode: RestartPolicy.Mode.allCases[Int(random.next() % 3)]))
      for _ in 0..<20 { vm.step(&random) }
      vm.perform(.stop(timeout: nil))
      for _ in 0..<20 {
        vm.step(&random, wishes: false)
        #expect(vm.life.desired == .stopped)
        #expect(!vm.life.awaitsSpawn && vm.life.state != .backoff)
      }
    }
  }

  @Test("never are two processes of a VM alive, in any order of happenings")
  func oneProcess() {
    var random = SplitMix(seed: 0x0e3)
    for _ in 0..<3000 {
      var vm = Driver(policy: RestartPolicy(mode: .always, delay: .zero))
      for _ in 0..<60 {
        vm.step(&random)
        #expect(vm.processes <= 1)
        #expect(vm.life.hasProcess == (vm.processes == 1))
      }
    }
  }
}
