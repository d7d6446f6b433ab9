internal import Control

// `supervisor stop --guests`: what an admin wants before the host goes down.
extension Supervisor {
  /// Brings every guest down gently, what depends on others before those and all others at the same time, and returns
  /// when none has a process any more.
  ///
  /// Each stays wanted as it is, and nothing is started meanwhile.
  func standDown() async {
    isStandingDown = true
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
