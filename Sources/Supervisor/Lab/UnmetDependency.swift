package import Machine

/// Another VM that a VM waits for, and what is wrong with it.
package struct UnmetDependency: Sendable, Equatable {
  package let name: String
  package let condition: Dependency.Condition

  /// Why it will not be so by itself, or not soon; nil while it is on its way.
  package let trouble: Trouble?

  package init(_ name: String, _ condition: Dependency.Condition, _ trouble: Trouble? = nil) {
    (self.name, self.condition, self.trouble) = (name, condition, trouble)
  }

  /// What keeps the other VM from being so.
  package enum Trouble: Sendable, Equatable {
    /// It failed for good, for that cause.
    case failed(String)

    /// It is down, and nothing starts it.
    case stopped(String)

    /// Nobody has created it.
    case absent

    /// It could not be brought to its definition, for that reason.
    case refused(String)
    case unhealthy(String)

    /// It failed and starts again.
    case backoff(String)

    /// Whether it stays so until somebody does something, as far as can be told.
    package var isLasting: Bool {
      if case .backoff = self { false } else { true }
    }

    fileprivate var sentence: String {
      switch self {
      case .failed(let cause): "which has failed: \(cause)"
      case .stopped(let cause): "which is stopped: \(cause)"
      case .absent: "which is not there"
      case .refused(let words): "which could not be started: \(words)"
      case .unhealthy(let cause): "which is not healthy: \(cause)"
      case .backoff(let cause): "which has failed and starts again: \(cause)"
      }
    }
  }

  /// What is waited for: `db to be healthy`, or `db, which has failed: …`.
  package var sentence: String {
    trouble.map { "\(name), \($0.sentence)" } ?? "\(name) to be \(condition.rawValue)"
  }
}

extension [UnmetDependency] {
  /// As a VM's cause.
  package var sentence: String { "waiting for " + map(\.sentence).joined(separator: ", and for ") }

  /// Whether somebody must do something before that wait is over, as far as can be told.
  package var isStuck: Bool { contains { $0.trouble?.isLasting == true } }
}
