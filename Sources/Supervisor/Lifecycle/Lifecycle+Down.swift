internal import Control
internal import Host

// What is said of a VM that is down.
extension Lifecycle {
  /// What the next start waits for; nil while none does.
  var backoff: VMReport.Backoff? {
    guard case .backoff(let until) = phase, let restartCause else { return nil }
    return VMReport.Backoff(words: restartCause.words, until: until)
  }

  /// A start was refused before it was promised: a VM that is down says why it stays so.
  mutating func startRefused(_ words: String) -> [LifecycleEffect] {
    switch phase {
    case .stopped, .failed:
      cause = words
      return [.announce]
    case .waiting, .starting, .running, .paused, .stopping, .backoff: return []
    }
  }
}
