internal import Control
internal import Host

// A QEMU whose monitor nothing connects to any more: it runs on, and only signals reach it.
extension Lifecycle {
  mutating func monitorLost(_ words: String, _ now: Instant) -> [LifecycleEffect] {
    guard hasProcess, monitorLoss == nil else { return [] }
    monitorLoss = words
    switch phase {
    case .starting(let start) where start.isAdoption && isToEnd:
      ending = ending ?? .wished
      return descend(from: .terminate, now) + [.tell(Self.withoutMonitor(words))]
    case .starting(let start) where start.isAdoption:
      cause = "taken over by a new supervisor; \(monitorTrouble)"
      return [.announce]
    case .starting:
      // Nothing can let its guest begin.
      ending = ending ?? .refused("cannot start: QEMU's monitor cannot be reached: \(words)")
      return descend(from: .kill, now)
    case .running:
      cause = check?.trouble.map { "\($0); \(monitorTrouble)" } ?? runningCause
      return [.announce]
    case .paused:
      cause += "; \(monitorTrouble)"
      return [.announce]
    case .stopping(var ladder):
      let effects = ladder.advance(to: .terminate, now: now)
      guard !effects.isEmpty else { return [] }
      phase = .stopping(ladder)
      return effects + [.tell(Self.withoutMonitor(words))]
    case .stopped, .waiting, .backoff, .failed:
      return []
    }
  }

  /// What is told of a QEMU that cannot be asked.
  var monitorTrouble: String {
    "its monitor is lost (\(monitorLoss ?? "")): what its guest does is not known, and 'stop' ends it by SIGTERM"
  }

  /// What is told of one that is to end.
  static func withoutMonitor(_ words: String) -> String {
    "QEMU's monitor is lost (\(words)), so the guest cannot be asked to end; trying SIGTERM"
  }
}
