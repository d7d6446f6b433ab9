import Control
import Host
import Machine
import QMP
import Testing

@testable import Supervisor

/// Whether a guest is well, and what follows when it hangs, with time as a parameter.
@Suite struct HealthTests {
  /// A guest that runs and is looked after.
  private static func running(
    _ console: String? = nil, onHang: HangSetting = .restart, policy: RestartPolicy = RestartPolicy()
  ) throws -> Driver {
    var vm = Driver(policy: policy)
    let rules = HealthSetting(
      console: try console.map { try ConsolePattern($0) }, interval: .seconds(10), timeout: .seconds(5),
      retries: 2, startPeriod: .seconds(60))
    _ = vm.handle(.defined(health: rules, onHang: onHang))
    _ = vm.handle(.start)
    vm.becomeRunning()
    return vm
  }

  /// Lets the next look become due, and leaves it unanswered.
  private static func miss(_ vm: inout Driver, vcpusRan: Bool = false) -> [LifecycleEffect] {
    #expect(vm.wait().last == .probe)
    return vm.handle(.health(.unanswered(vcpusRan: vcpusRan, isStopped: true)))
  }

  private static let silent =
    "QEMU's monitor did not answer within 5 s, 2 times in a row, and no vCPU ran meanwhile; its process is "
    + "stopped (SIGSTOP)"

  @Test("a guest that nobody looks after has no health and is never looked at")
  func nobody() {
    let vm = Driver.running()
    #expect(vm.life.health == .none && vm.life.nextDeadline == nil)
  }

  @Test("a guest is healthy as soon as QEMU answers, and is looked at again after the interval")
  func answered() throws {
    var vm = Driver()
    _ = vm.handle(.defined(health: HealthSetting(interval: .seconds(10)), onHang: .restart))
    _ = vm.handle(.start)
    #expect(vm.life.health == .starting)
    _ = vm.handle(.spawned)
    _ = vm.handle(.negotiated)
    #expect(vm.handle(.guest(.resumed)) == [.announce, .probe])
    #expect(vm.life.health == .starting && vm.life.nextDeadline == nil)
    #expect(vm.handle(.health(.answered)) == [.announce])
    #expect(vm.life.health == .healthy)
    #expect(vm.life.nextDeadline == Instant(nanoseconds: 10_000_000_000))
    #expect(vm.wait() == [.probe])
    #expect(vm.handle(.health(.answered)) == [])
  }

  @Test("a guest that waits for a disk, or is kept to be looked at, is not healthy")
  func pausedByTrouble() {
    for event in [
      GuestEvent.ioError("x", noSpace: true), .ioError("x", noSpace: false), .watchdog(action: "pause"),
    ] {
      var vm = Driver.running()
      _ = vm.handle(.defined(health: HealthSetting(), onHang: .none))
      _ = vm.handle(.health(.answered))
      #expect(vm.life.health == .healthy)
      _ = vm.handle(.guest(event))
      #expect(vm.life.state == .paused && vm.life.health == .unhealthy, "\(event)")
    }
  }

  @Test("with a pattern it is healthy when the console shows it, late or not")
  func console() throws {
    var vm = try Self.running("login:")
    _ = vm.handle(.health(.answered))
    #expect(vm.life.health == .starting)
    while vm.life.health == .starting {
      if vm.wait().contains(.probe) { _ = vm.handle(.health(.answered)) }
    }
    #expect(vm.clock == Instant(nanoseconds: 60_000_000_000))
    #expect(vm.life.health == .unhealthy && vm.life.state == .running)
    #expect(vm.life.cause == "its console has not shown 'login:' within 60 s")
    #expect(vm.handle(.health(.consoleShowed)) == [.announce])
    #expect(vm.life.health == .healthy && vm.life.cause == "running")
  }

  /// A guest that is probed itself, and whose QEMU has answered.
  private static func probed() -> (vm: Driver, probe: Int) {
    var vm = Driver()
    let rules = HealthSetting(
      interval: .seconds(10), timeout: .seconds(5), retries: 2, startPeriod: .seconds(60), probe: .port(80),
      startInterval: .seconds(2))
    _ = vm.handle(.defined(health: rules, onHang: .restart))
    _ = vm.handle(.start)
    _ = vm.handle(.spawned)
    _ = vm.handle(.negotiated)
    let number = probe(vm.handle(.guest(.resumed)))
    _ = vm.handle(.health(.answered))
    return (vm, number)
  }

  /// The number of the probe of the guest among some effects; 0 where there is none.
  private static func probe(_ effects: [LifecycleEffect]) -> Int {
    effects.reduce(0) { if case .probeGuest(let number) = $1 { number } else { $0 } }
  }

  /// Lets time pass until the guest itself is probed, while QEMU answers.
  private static func nextProbe(_ vm: inout Driver) -> Int {
    while true {
      let effects = vm.wait()
      if effects.contains(.probe) { _ = vm.handle(.health(.answered)) }
      if probe(effects) > 0 { return probe(effects) }
    }
  }

  @Test("a guest whose port is probed is healthy when it answers, and probed faster until then")
  func portAnswers() {
    var (vm, number) = Self.probed()
    #expect(number > 0 && vm.life.health == .starting)
    let began = vm.clock
    #expect(vm.handle(.health(.guestFailed(number, "nothing takes connections"))) == [])
    #expect(vm.life.guest.check?.waitsFor == "nothing takes connections")
    let second = Self.nextProbe(&vm)
    #expect(vm.clock - began == .seconds(2))
    // The answer to a probe before is none.
    #expect(vm.handle(.health(.guestAnswered(number))) == [])
    #expect(vm.handle(.health(.guestAnswered(second))) == [.announce])
    #expect(vm.life.health == .healthy && vm.life.guest.check?.waitsFor == nil)
    let answered = vm.clock
    number = Self.nextProbe(&vm)
    #expect(vm.clock - answered == .seconds(10))
  }

  @Test("a guest that does not answer in its start period is late, and well when it does")
  func portIsLate() {
    var (vm, number) = Self.probed()
    while vm.life.health == .starting {
      _ = vm.handle(.health(.guestFailed(number, "nothing there")))
      let effects = vm.wait()
      if effects.contains(.probe) { _ = vm.handle(.health(.answered)) }
      if Self.probe(effects) > 0 { number = Self.probe(effects) }
    }
    #expect(vm.clock == Instant(nanoseconds: 60_000_000_000))
    #expect(vm.life.health == .unhealthy && vm.life.state == .running)
    #expect(vm.life.cause == "it was not ready within 60 s: nothing there")
    // The probe that fell due at that moment is under way.
    _ = vm.handle(.health(.guestAnswered(number)))
    #expect(vm.life.health == .healthy && vm.life.cause == "running")
  }

  @Test(
    "a guest that was well and leaves several probes unanswered is unhealthy, and is never restarted for that"
  )
  func portFallsSilent() {
    var (vm, number) = Self.probed()
    _ = vm.handle(.health(.guestAnswered(number)))
    #expect(vm.life.health == .healthy)
    number = Self.nextProbe(&vm)
    #expect(vm.handle(.health(.guestFailed(number, "gone"))) == [])
    number = Self.nextProbe(&vm)
    #expect(vm.handle(.health(.guestFailed(number, "gone"))) == [.announce])
    #expect(vm.life.health == .unhealthy && vm.life.cause == "gone, 2 times in a row")
    #expect(vm.life.state == .running)
    number = Self.nextProbe(&vm)
    #expect(vm.handle(.health(.guestAnswered(number))) == [.announce])
    #expect(vm.life.health == .healthy)
  }

  @Test("a guest that boots anew, or stands still, is not told by a probe from before")
  func portProbedBefore() {
    var (vm, number) = Self.probed()
    _ = vm.handle(.health(.guestAnswered(number)))
    number = Self.nextProbe(&vm)
    #expect(vm.handle(.guest(.reset(byGuest: true))).contains(.announce))
    #expect(vm.life.health == .starting)
    _ = vm.handle(.health(.guestAnswered(number)))
    #expect(vm.life.health == .starting)
    number = Self.nextProbe(&vm)
    _ = vm.handle(.guest(.stopped))
    _ = vm.handle(.runState(.paused))
    _ = vm.handle(.health(.guestFailed(number, "x")))
    _ = vm.handle(.guest(.resumed))
    #expect(vm.life.health == .starting)
  }

  @Test("whether a guest has taken a connection is read from QEMU's table")
  func connections() {
    func table(_ lines: [(String, Int)]) -> String {
      let head =
        "Hub -1 (net-user):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
      return head
        + lines.map { "  TCP[\($0.0)]   34  127.0.0.1 23314   10.0.2.15    \($0.1)     0     0\r\n" }.joined()
    }
    func areTaken(_ lines: [(String, Int)]) -> Bool {
      GuestConnections(usernet: table(lines), guestPort: 80).areTaken
    }
    #expect(areTaken([("ESTABLISHED", 80), ("HOST_FORWARD", 80)]))
    #expect(!areTaken([("SYN_SENT", 80), ("HOST_FORWARD", 80)]))
    // One of before may be there still, while the guest takes no other.
    #expect(!areTaken([("ESTABLISHED", 80), ("SYN_SENT", 80)]))
    #expect(!areTaken([("ESTABLISHED", 22), ("HOST_FORWARD", 80)]))
    #expect(!areTaken([]))
  }

  @Test("a guest that boots anew is to show its pattern anew")
  func reboots() throws {
    var vm = try Self.running("login:")
    _ = vm.handle(.health(.answered))
    _ = vm.handle(.health(.consoleShowed))
    #expect(vm.life.health == .healthy)
    // The place from where the console is read is kept with the news.
    #expect(vm.handle(.guest(.reset(byGuest: true))) == [.save, .watchConsole(afresh: true), .announce])
    #expect(vm.life.health == .starting)
  }

  @Test("QEMU silent and no vCPU running, often enough: it hangs, is killed and restarted")
  func hangs() throws {
    var vm = try Self.running()
    _ = vm.handle(.health(.answered))
    #expect(Self.miss(&vm) == [])
    #expect(vm.life.health == .healthy)
    #expect(Self.miss(&vm) == [.announce, .signal(9)])
    #expect(vm.life.cause == "the guest hangs: \(Self.silent)")
    #expect(vm.handle(.exited(.signal(9), stderr: "")) == [.announce])
    #expect(vm.life.state == .backoff && vm.life.lastEnding == .hung(Self.silent))
    #expect(vm.life.health == .none)
  }

  @Test("by the policy 'no' a guest that hung is failed")
  func hangsForGood() throws {
    var vm = try Self.running(policy: RestartPolicy(mode: .no))
    _ = vm.handle(.health(.answered))
    _ = Self.miss(&vm)
    _ = Self.miss(&vm)
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.life.state == .failed)
    #expect(vm.life.cause == "the guest hung: \(Self.silent); its restart policy is 'no'")
  }

  @Test("a monitor that is silent while vCPUs run is no hang; one answer makes it well again")
  func slowMonitor() throws {
    var vm = try Self.running()
    _ = vm.handle(.health(.answered))
    _ = Self.miss(&vm, vcpusRan: true)
    #expect(Self.miss(&vm, vcpusRan: true) == [.announce])
    #expect(vm.life.health == .unhealthy && vm.life.state == .running)
    #expect(vm.life.cause.hasSuffix("though its vCPUs run"))
    #expect(Self.miss(&vm) == [])
    #expect(Self.miss(&vm) == [.announce, .signal(9)], "two in a row without a vCPU that ran")

    var well = try Self.running()
    _ = well.handle(.health(.answered))
    _ = Self.miss(&well, vcpusRan: true)
    _ = Self.miss(&well, vcpusRan: true)
    _ = well.wait()
    #expect(well.handle(.health(.answered)) == [.announce])
    #expect(well.life.health == .healthy && well.life.cause == "running")
  }

  @Test("with onHang 'reset' the button is pressed once, and again only after an answer")
  func resets() throws {
    var vm = try Self.running(onHang: .reset)
    _ = vm.handle(.health(.answered))
    _ = Self.miss(&vm)
    #expect(Self.miss(&vm) == [.pressReset, .announce])
    #expect(vm.life.state == .running && vm.life.health == .unhealthy)
    #expect(Self.miss(&vm) == [])
    _ = vm.wait()
    _ = vm.handle(.health(.answered))
    #expect(vm.life.health == .healthy)
    _ = Self.miss(&vm)
    #expect(Self.miss(&vm) == [.pressReset, .announce])
  }

  @Test("with onHang 'none' it is only said")
  func says() throws {
    var vm = try Self.running(onHang: .none)
    _ = vm.handle(.health(.answered))
    _ = Self.miss(&vm)
    #expect(Self.miss(&vm) == [.announce])
    #expect(vm.life.cause == "\(Self.silent)")
  }

  @Test("a guest that hangs when a new supervisor finds it is judged alike")
  func adopted() throws {
    var vm = Driver()
    vm.life.intent.desired = .running
    _ = vm.handle(.defined(health: HealthSetting(retries: 2), onHang: .restart))
    vm.life.restore(.running, until: nil, at: vm.clock)
    #expect(vm.handle(.adopted) == [.negotiate, .probe])
    #expect(vm.handle(.health(.unanswered(vcpusRan: false, isStopped: true))) == [])
    #expect(Self.miss(&vm) == [.announce, .signal(9)])
  }

  @Test("an answer ends a silence that an earlier supervisor, or the time before a pause, has seen")
  func silenceEnds() throws {
    for isAdopted in [false, true] {
      var vm = try Self.running(onHang: .none)
      _ = vm.handle(.health(.answered))
      _ = Self.miss(&vm)
      _ = Self.miss(&vm)
      #expect(vm.life.health == .unhealthy)
      if isAdopted {
        let check = try #require(vm.life.guest.check)
        vm.life.guest.check = HealthCheck(
          check.rules, isReady: check.isReady, readyBy: check.readyBy, silence: check.silence,
          lateness: check.lateness)
        _ = vm.handle(.adopted)
        _ = vm.handle(.negotiated)
      } else {
        _ = vm.handle(.guest(.stopped))
        _ = vm.handle(.runState(.paused))
      }
      _ = vm.handle(.guest(.resumed))
      _ = vm.handle(.health(.answered))
      #expect(vm.life.health == .healthy && !vm.life.cause.hasPrefix("unhealthy"))
    }
  }

  @Test("a silence that ends leaves a console that is late as it was")
  func lateAndSilent() throws {
    var vm = try Self.running("login:")
    _ = vm.handle(.health(.answered))
    while vm.life.health == .starting {
      if vm.wait().contains(.probe) { _ = vm.handle(.health(.answered)) }
    }
    _ = vm.handle(.health(.unanswered(vcpusRan: true, isStopped: false)))
    _ = vm.handle(.health(.unanswered(vcpusRan: true, isStopped: false)))
    #expect(vm.life.cause.hasSuffix("though its vCPUs run"))
    _ = vm.handle(.health(.answered))
    #expect(vm.life.cause == "its console has not shown 'login:' within 60 s")
  }

  @Test("rules that come while the guest is paused count when it goes on")
  func definedWhilePaused() {
    var vm = Driver.running()
    _ = vm.handle(.guest(.stopped))
    _ = vm.handle(.runState(.paused))
    _ = vm.handle(.defined(health: HealthSetting(), onHang: .restart))
    _ = vm.handle(.guest(.resumed))
    _ = vm.handle(.health(.answered))
    #expect(vm.life.health == .healthy)
  }

  @Test("a QEMU that was found before it had begun is not looked at, and given up after the time for a start")
  func adoptedBeforeItBegan() {
    var vm = Driver()
    vm.life.intent.desired = .running
    vm.life.restore(.starting, until: nil, at: vm.clock)
    _ = vm.handle(.defined(health: HealthSetting(), onHang: .restart))
    #expect(vm.handle(.adopted) == [.negotiate])
    #expect(vm.wait() == [.announce, .signal(9)])
    #expect(vm.clock == Instant(nanoseconds: Lifecycle.startTimeout.nanoseconds))
    _ = vm.handle(.exited(.signal(9), stderr: ""))
    #expect(vm.life.state == .backoff && vm.life.lastEnding == .monitorTimedOut(180))
  }

  @Test("a guest that is paused or on its way down is not looked at")
  func rests() throws {
    var vm = try Self.running("login:")
    _ = vm.handle(.health(.answered))
    _ = vm.handle(.guest(.stopped))
    _ = vm.handle(.runState(.paused))
    #expect(vm.life.state == .paused && vm.life.nextDeadline == nil)
    #expect(vm.handle(.guest(.resumed)) == [.announce, .watchConsole(afresh: false), .probe])
    _ = vm.handle(.stop(timeout: nil))
    #expect(vm.handle(.health(.unanswered(vcpusRan: false, isStopped: false))) == [])
  }

  @Test("rules that come while the guest runs count at once")
  func defined() {
    var vm = Driver.running()
    #expect(vm.handle(.defined(health: HealthSetting(), onHang: .restart)) == [.announce, .probe])
    #expect(vm.handle(.defined(health: HealthSetting(), onHang: .none)) == [])
    #expect(vm.handle(.defined(health: nil, onHang: .none)) == [.announce])
    #expect(vm.life.health == .none && vm.life.nextDeadline == nil)
  }
}

/// What a pattern finds in a console, however it comes.
@Suite struct ConsoleScanTests {
  private static func shows(_ pattern: String, _ pieces: [String]) throws -> [Bool] {
    var scan = ConsoleScan(try ConsolePattern(pattern))
    return pieces.map { scan.shows(Array($0.utf8)) }
  }

  @Test("a pattern shows in a line, in a prompt, and across pieces, but not across lines")
  func shows() throws {
    #expect(try Self.shows("login:", ["booting\r\nlogin:"]) == [true])
    #expect(try Self.shows("login:", ["log", "in", ": "]) == [false, false, true])
    #expect(try Self.shows("login:", ["log\nin:"]) == [false])
    #expect(try Self.shows("^ready$", ["not ready\n", "ready", "\n"]) == [false, true, true])
    #expect(try Self.shows("a$", ["a\nb"]) == [true])
  }

  @Test("a line without end and NULs are passed over")
  func rubbish() throws {
    let long = String(repeating: "x", count: 100_000)
    #expect(try Self.shows("login:", [long, long + "\nlogin:"]) == [false, true])
    #expect(try Self.shows("login:", ["\0\0login:"]) == [true])
  }

  @Test("a line of any length is looked at whole")
  func longLine() throws {
    let long = String(repeating: "x", count: 100_000)
    #expect(try Self.shows("login: *$", [long, "login", ": ", "\n"]) == [false, false, true, true])
    #expect(try Self.shows("^ax*b$", ["a", long, "b\n"]) == [false, false, true])
    #expect(try Self.shows("^x*b$", ["a", long, "b\n"]) == [false, false, false])
  }
}
