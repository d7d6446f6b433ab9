internal import Control
internal import Dispatch
internal import Host
internal import Machine

// `supervisor stop --guests`: what an admin wants before the host goes down.
extension Supervisor {
  /// Brings every guest down gently, what depends on others before those and all others at the same time, and returns
  /// when none has a process any more.
  ///
  /// Each stays wanted as it is, and nothing is started meanwhile. When the time is over that all of them have, nobody
  /// waits for a power button or for others any more.
  func standDown(within time: Duration?) async {
    isStandingDown = true
    if let time { executor.after(time) { [weak self] in self?.assumeIsolated { $0.insist() } } }
    let names = Set(machines.values.map(\.name))
    await withTaskGroup { group in
      for machine in machines.values {
        let held = holdOfEnd(of: machine.name, among: names)
        group.addTask { await machine.standDown(held: held) }
      }
    }
    reviewEnds()
    if isNeeded { await withCheckedContinuation { whenDown.append($0) } }
  }

  private func insist() {
    let late = machines.values.filter { reports[$0.name.id]?.pid != nil }
    guard !late.isEmpty else { return }
    let names = late.map { "\($0.name)" }.sorted().joined(separator: ", ")
    Log.note("the time of all guests is over; made to end: \(names)", .warning)
    for machine in late { machine.insist() }
  }

  /// Nothing is started any more by itself: whoever has started this supervisor may be ending the guests as well.
  nonisolated func startNothing() {
    executor.queue.async {
      self.assumeIsolated { for machine in $0.machines.values { machine.startNothing() } }
    }
  }

  func tellIfDown() {
    guard !whenDown.isEmpty, !isNeeded else { return }
    let waiting = whenDown
    whenDown = []
    for continuation in waiting { continuation.resume() }
  }

  /// Refuses a change that would come too late.
  func refuseWhileStandingDown(_ request: ControlRequest) throws(ControlError) {
    if request.isChange { try refuseWhileStandingDown(request.vmName.map { FullName(written: $0) }) }
  }

  func refuseWhileStandingDown(_ name: FullName?) throws(ControlError) {
    guard isStandingDown else { return }
    throw ControlError(
      .failed, "not done: the supervisor leaves with its guests", vm: name, fact: .leaving,
      advice: ["The next command after that starts another; 'qemuvm start' brings a VM up again."])
  }
}
