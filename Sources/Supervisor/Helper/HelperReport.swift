package import Control
internal import Host

/// What everyone may know of a helper, taken at one moment.
package struct HelperReport: Sendable, Equatable {
  package var state: VMState

  /// Why it is so, without its name.
  package var cause: String
  package var pid: Int32?

  /// How often it was started again by itself since it was last wanted anew.
  package var restarts: Int

  /// Whether it has a process, or one that is started or ended at this moment.
  package var isAlive: Bool
}

extension HelperReport {
  init(_ life: HelperLife, pid: Int32?, isBusy: Bool, at now: Instant) {
    self.pid = pid
    restarts = life.restarts
    isAlive = life.isAlive || isBusy
    let failure = life.failure.map { "it \($0.sentence)" }
    switch life.process.state {
    case .idle:
      (state, cause) = (.stopped, "nothing needs it")
    case .spawning, .starting:
      (state, cause) = (.starting, failure.map { "\($0); it starts again" } ?? "it starts")
    case .ready:
      let adopted = life.process.isAdopted ? "taken over by a new supervisor" : "it runs"
      (state, cause) = (.running, failure.map { "\($0), and was started again" } ?? adopted)
    case .ending:
      (state, cause) = (
        .stopping, life.isReplaced ? "it is started again with what has changed" : "nothing needs it any more"
      )
    case .backoff(let until):
      let rest = until - now
      let when = rest > .zero ? "in \(rest.inWords)" : "now"
      (state, cause) = (.backoff, "\(failure ?? "it has failed"); it starts again \(when)")
    case .givenUp:
      (state, cause) = (.failed, failure ?? "it was given up")
    }
  }
}
