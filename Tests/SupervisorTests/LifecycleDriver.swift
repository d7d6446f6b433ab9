import Control
import Host
import Machine
import QMP

@testable import Supervisor

/// Drives a lifecycle with a clock of its own, and plays the machinery around it.
struct Driver {
  var life: Lifecycle
  var clock = Instant(nanoseconds: 0)

  /// How many QEMUs would live.
  var processes = 0

  init(policy: RestartPolicy = RestartPolicy()) {
    life = Lifecycle(policy: policy, stopTimeout: .seconds(60))
  }

  static func running(policy: RestartPolicy = RestartPolicy()) -> Driver {
    var driver = Driver(policy: policy)
    _ = driver.handle(.start)
    driver.becomeRunning()
    return driver
  }

  mutating func handle(_ input: LifecycleInput) -> [LifecycleEffect] {
    life.handle(input, at: Lifecycle.Moment(clock))
  }

  mutating func becomeRunning() {
    _ = handle(.spawned)
    _ = handle(.negotiated)
    _ = handle(.guest(.resumed))
  }

  /// Lets time pass to the next deadline.
  mutating func wait() -> [LifecycleEffect] {
    guard let deadline = life.nextDeadline else { return [] }
    clock = max(clock, deadline)
    return handle(.timer)
  }

  /// Handles an input and does what spawning and exiting would do.
  mutating func perform(_ input: LifecycleInput) {
    if case .exited = input { processes -= 1 }
    for effect in handle(input) where effect == .spawn {
      processes += 1
      perform(.spawned)
    }
  }

  /// Something that can happen now, at random.
  mutating func step(_ random: inout SplitMix, wishes: Bool = true) {
    let asked: [LifecycleInput] = [
      .start, .stop(timeout: nil), .stop(timeout: .seconds(1)), .restart(timeout: nil), .kill,
    ]
    var possible: [LifecycleInput] = wishes ? asked : []
    if processes > 0 {
      possible += [
        .negotiated, .guest(.resumed), .guest(.stopped), .guest(.shutdown(reason: "guest-shutdown")),
        .guest(.shutdown(reason: "host-signal")), .guest(.panicked), .guest(.watchdog(action: "pause")),
        .guest(.ioError("x", noSpace: false)),
        .guest(.ioError("x", noSpace: true)), .space(true), .space(false), .guest(.reset(byGuest: true)),
        .runState(.running), .runState(.paused), .runState(.shutdown),
        .runState(.internalError), .buttonAnswered, .continueRefused("x"), .exited(.signal(9), stderr: ""),
        .exited(.code(0), stderr: ""), .exited(.code(1), stderr: "x"),
      ]
    }
    let choice = Int(random.next() % UInt64(possible.count + 1))
    if choice == possible.count {
      clock = max(clock, life.nextDeadline ?? clock)
      perform(.timer)
    } else {
      perform(possible[choice])
    }
  }
}

/// A small random generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
