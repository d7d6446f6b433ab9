package import Control
package import Machine

/// Which VM may start and which may end, by what the others are; pure.
///
/// Owned by the supervisor, which feeds it the reports of all VMs.
package struct FleetOrder: Sendable {
  /// What the order goes by, of one VM.
  package struct Facts: Sendable, Equatable {
    package var state: VMState
    package var health = Health.none
    package var cause = ""

    /// Whether it has a process, or will have one by itself.
    package var isAlive: Bool

    /// Whether it is down because its guest has switched itself off.
    package var hasEndedByItself = false

    /// Whether its QEMU has outlived SIGKILL: nobody waits for that.
    package var isUnkillable = false
    package var dependencies: [Dependency] = []

    package init(state: VMState, isAlive: Bool) {
      (self.state, self.isAlive) = (state, isAlive)
    }
  }

  private var facts: [VMName: Facts] = [:]

  /// The VMs that depend on each.
  private var dependents: [VMName: Set<VMName>] = [:]

  /// Why VMs could not be brought to their definition when somebody last tried, until they are up.
  private var refusals: [VMName: String] = [:]

  package init() {}

  /// Whether no VM depends on another.
  package var isEmpty: Bool { dependents.isEmpty }

  /// Takes in what a VM is now; nil when it is no more.
  package mutating func update(_ name: VMName, _ next: Facts?) {
    let before = facts[name]
    facts[name] = next
    if next?.state.isUp == true { refusals[name] = nil }
    let (old, new) = (before?.dependencies ?? [], next?.dependencies ?? [])
    guard old != new else { return }
    for dependency in old {
      guard let other = Self.other(dependency, of: name) else { continue }
      dependents[other]?.remove(name)
      if dependents[other]?.isEmpty == true { dependents[other] = nil }
    }
    for dependency in new {
      if let other = Self.other(dependency, of: name) { dependents[other, default: []].insert(name) }
    }
  }

  /// A VM could not be brought to its definition.
  package mutating func refuse(_ name: VMName, because words: String) {
    if facts[name]?.state.isUp != true { refusals[name] = words }
  }

  /// Whoever depends on a VM, directly.
  package func dependents(of name: VMName) -> Set<VMName> { dependents[name] ?? [] }

  // MARK: Starting

  /// What a VM with these dependencies still waits for; empty when it may start.
  package func unmet(_ dependencies: [Dependency], of name: VMName) -> [UnmetDependency] {
    dependencies.compactMap { dependency in
      guard let other = Self.other(dependency, of: name) else {
        return UnmetDependency(dependency.name, dependency.condition, .absent)
      }
      return unmet(dependency, other)
    }
  }

  private func unmet(_ dependency: Dependency, _ name: VMName) -> UnmetDependency? {
    func waits(_ trouble: UnmetDependency.Trouble? = nil) -> UnmetDependency {
      UnmetDependency(dependency.name, dependency.condition, trouble)
    }
    if let refusal = refusals[name] { return waits(.refused(refusal)) }
    guard let other = facts[name] else { return waits(.absent) }
    switch (dependency.condition, other.state) {
    case (.stopped, .stopped) where other.hasEndedByItself: return nil
    case (.started, .running), (.started, .paused): return nil
    case (.healthy, .running) where other.health == .healthy: return nil
    case (.healthy, .running) where other.health == .unhealthy: return waits(.unhealthy(other.cause))
    case (_, .failed): return waits(.failed(other.cause))
    case (_, .stopped): return waits(.stopped(other.cause))
    case (_, .backoff): return waits(.backoff(other.cause))
    case (_, .waiting), (_, .starting), (_, .running), (_, .paused), (_, .stopping): return waits()
    }
  }

  // MARK: Ending

  /// The VMs that must be gone before this one is asked to end: those that depend on it, directly or not, which end as
  /// well and are there still; the nearest of them.
  package func blockers(ofEndOf name: VMName, amongThoseThat ends: (VMName) -> Bool) -> [VMName] {
    var (seen, next, found) = (Set([name]), Array(dependents(of: name)), [VMName]())
    while let other = next.popLast() {
      guard seen.insert(other).inserted else { continue }
      if let facts = facts[other], facts.isAlive, !facts.isUnkillable, ends(other) {
        found.append(other)
      } else {
        next += dependents(of: other)
      }
    }
    return found.sorted()
  }

  /// The VM that a dependency means, which is one of the same lab; nil where no VM can have that name.
  private static func other(_ dependency: Dependency, of name: VMName) -> VMName? {
    // Its name was checked when it was read.
    try? VMName(dependency.name, lab: name.lab)
  }
}

extension VMState {
  /// Whether it runs, or is on its way up or down.
  var isUp: Bool {
    switch self {
    case .starting, .running, .paused, .stopping: true
    case .stopped, .waiting, .backoff, .failed: false
    }
  }
}
