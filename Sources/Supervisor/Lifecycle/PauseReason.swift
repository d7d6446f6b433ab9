package import Host
package import QMP

/// Why the vCPUs of a living QEMU do not run.
package enum PauseReason: Sendable, Equatable {
  /// `pause`, or `stop` on a monitor.
  case user

  /// QEMU stopped the guest because a disk failed; the words name the disk and the reason.
  case ioError(String)

  /// QEMU stopped the guest because the host has no space for a disk: it goes on when there is some.
  case noSpace(String, SpaceWatch)

  /// The guest panicked, and is kept to be looked at.
  case keptAfterPanic

  /// It missed its watchdog, and is kept to be looked at.
  case keptByWatchdog

  /// Another run state of QEMU in which no vCPU runs.
  case other(RunState)
}

extension PauseReason {
  /// For the VM's cause.
  package var sentence: String {
    switch self {
    case .user: "paused by the user"
    case .ioError(let words): "QEMU paused it: \(words)"
    case .noSpace(let words, _): "QEMU paused it: \(words); it goes on by itself when there is space"
    case .keptAfterPanic: "the guest panicked and is kept as it is (panic: pause)"
    case .keptByWatchdog: "the guest missed its watchdog and is kept as it is (watchdog: pause)"
    case .other(let runState): "QEMU paused it (\(runState))"
    }
  }
}

/// When it is seen next whether a guest that waits for space has some: ever more rarely, at most every half minute.
package struct SpaceWatch: Sendable, Equatable {
  package private(set) var due: Instant
  private var gap = Duration.seconds(1)

  package init(now: Instant) {
    due = now + gap
  }

  /// What comes after one that was in vain.
  package func next(now: Instant) -> SpaceWatch {
    var watch = self
    watch.gap = min(gap * 2, .seconds(30))
    watch.due = now + watch.gap
    return watch
  }
}
