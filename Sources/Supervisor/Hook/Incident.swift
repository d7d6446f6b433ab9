internal import Control
internal import Host
internal import Machine

/// What becomes of a VM that its admin wants to hear of though nobody has asked.
struct Incident: Sendable, Equatable {
  enum Kind: String, Sendable {
    /// It has failed, and is started again.
    case crashed

    /// It runs again.
    case restarted

    /// It has failed, and stays down.
    case failed
  }

  let name: FullName
  let kind: Kind
  let cause: String
  let restarts: Int

  /// One line for the supervisor's own log.
  var line: String {
    switch kind {
    case .crashed, .failed: "\(name): \(kind.rawValue): \(cause)"
    case .restarted: "\(name): \(kind.rawValue) (restart \(restarts)): \(cause)"
    }
  }

  var priority: Log.Priority {
    switch kind {
    case .crashed: .warning
    case .restarted: .notice
    case .failed: .error
    }
  }
}

/// Finds incidents among the states that a VM tells; pure.
///
/// Owned by the VM's actor.
struct IncidentWatch: Sendable, Equatable {
  /// Automatic starts that are known already.
  private var restarts: Int

  /// What an earlier supervisor has seen is told already.
  init(restarts: Int = 0) { self.restarts = restarts }

  /// The incident that a new state is; nil where it is none.
  mutating func incident(_ facts: LedgerEvent.StateFacts, of name: FullName) -> Incident? {
    if facts.restarts < restarts { restarts = facts.restarts }
    let kind: Incident.Kind
    switch facts.state {
    case .backoff: kind = .crashed
    case .failed: kind = .failed
    case .running where facts.restarts > restarts: kind = .restarted
    case .stopped, .waiting, .starting, .running, .paused, .stopping: return nil
    }
    if kind == .restarted { restarts = facts.restarts }
    let cause = kind == .restarted ? facts.restartCause ?? facts.cause : facts.cause
    return Incident(name: name, kind: kind, cause: cause, restarts: facts.restarts)
  }
}
