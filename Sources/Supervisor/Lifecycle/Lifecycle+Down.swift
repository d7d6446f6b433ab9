internal import Control
internal import Host

// What is said of a VM that is down.
extension Lifecycle {
  /// What the next start waits for; nil while none does.
  var backoff: VMReport.Backoff? {
    guard case .backoff(let until) = process.state, let restartCause = intent.restartCause else { return nil }
    return VMReport.Backoff(words: restartCause.words, until: until)
  }
}
