internal import Control
internal import Dispatch
internal import Host
internal import Machine

// A start or an end that waits for other VMs of the lab; who waits for what is the supervisor's to say.
extension VirtualMachine {
  /// What a start with this definition has to wait for; asked before the wish is on disk.
  ///
  /// What changes meanwhile is told when this VM has said that it waits.
  func unmet(_ next: VMRecord) async -> [UnmetDependency] {
    let dependencies = next.definition.dependencies
    return dependencies.isEmpty ? [] : await services.unmet(dependencies)
  }

  /// Lets the start that follows wait, or not.
  func holdStart(for unmet: [UnmetDependency]) {
    switch lifecycle.state {
    case .starting, .running, .paused: return
    case .stopped, .waiting, .stopping, .backoff, .failed: break
    }
    if !unmet.isEmpty {
      if lifecycle.intent.hold == nil { holds += 1 }
      apply(.hold(for: .vms(unmet)))
    } else if let hold = lifecycle.intent.hold, !hold.isJob || imageWait == nil && imageCopy == nil {
      apply(.release)
    }
  }

  /// The end that `held` describes, or one that waits for nobody.
  func end(_ timeout: Duration?, _ held: String?, standingDown: Bool = false) -> LifecycleInput {
    guard let held else { return standingDown ? .standDown : .stop(timeout: timeout) }
    holds += 1
    return .holdEnd(HeldEnd(timeout: timeout), standingDown: standingDown, saying: held)
  }

  /// What holds the start back is another by now, or nothing any more; `number` is that of the hold, for a later one is
  /// another matter.
  nonisolated func hold(for unmet: [UnmetDependency], number: Int) {
    executor.queue.async { [weak self] in
      self?.assumeIsolated { vm in
        guard vm.holds == number, vm.lifecycle.intent.hold != nil else { return }
        vm.apply(unmet.isEmpty ? .release : .hold(for: .vms(unmet)))
      }
    }
  }

  /// Whoever depends on it has ended: now it ends as well.
  nonisolated func releaseEnd(number: Int) {
    executor.queue.async { [weak self] in
      self?.assumeIsolated { vm in
        if vm.holds == number { vm.apply(.releaseEnd) }
      }
    }
  }

  /// Whoever leaves with its guests waits no longer.
  nonisolated func insist() {
    executor.queue.async { [weak self] in self?.assumeIsolated { $0.apply(.insist) } }
  }

  /// The supervisor leaves: its next one starts what is due.
  nonisolated func startNothing() {
    executor.queue.async { [weak self] in self?.assumeIsolated { $0.apply(.startNothing) } }
  }
}
