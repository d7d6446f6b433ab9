internal import Control
internal import JSON
internal import Machine
internal import QMP

/// One VM on its way to a goal: what was heard of it, and how the wait ends; pure.
///
/// The reply and the events come by two ways and may overtake each other, so events are kept until the reply has
/// told who the VM is and which wish is ours; from then on an event counts when its wish is not older.
struct VMWait: Sendable {
  /// What a person is told.
  enum Sign: Equatable {
    /// The VM's state, or what the command has come to; the state gives the colour.
    case progress(VMState?, String)
    case note(String)
  }

  enum Outcome: Equatable {
    case reached
    case failed(CommandFailure)
  }

  /// The VM as the person named it, until the reply says more.
  private(set) var label: String
  let goal: Goal
  private(set) var outcome: Outcome?

  /// The supervisor's reply, once there.
  private(set) var reply: ReportedVM?

  private var early: [QMPEvent] = []
  private var latest: ReportedVM?

  /// Whether a VM that the supervisor does not know has reached the goal already.
  private let isUnknownFine: Bool

  init(label: String, goal: Goal, isUnknownFine: Bool = false) {
    self.label = label
    self.goal = goal
    self.isUnknownFine = isUnknownFine
  }

  /// Takes the supervisor's reply, and the events that came before it.
  mutating func take(reply object: JSONObject, elapsed: Duration) -> [Sign] {
    guard outcome == nil else { return [] }
    let report = ReportedVM(object)
    reply = report
    label = report.displayName
    var signs: [Sign] = []
    if goal == .running || goal == .healthy {
      signs = report.pending.map { .note("\(label): waits for the next start: \($0)") }
    }
    // What a person should read is told, also when the reply says that all is done.
    for event in early where event.name == "VM_MESSAGE" && ReportedVM(event.data).isSameVM(as: report) {
      signs += take(event: event, elapsed: elapsed)
    }
    early.removeAll { $0.name == "VM_MESSAGE" }
    if outcome == nil { signs += begin(report, elapsed) }
    for event in early where outcome == nil { signs += take(event: event, elapsed: elapsed) }
    early = []
    return signs
  }

  /// Takes the supervisor's refusal.
  mutating func take(error: ControlError) -> [Sign] {
    guard outcome == nil else { return [] }
    if isUnknownFine, error.kind == .notFound {
      outcome = .reached
      return [.progress(.stopped, goal == .removed ? "is not there" : "is stopped")]
    }
    outcome = .failed(CommandFailure(error, subject: label))
    return []
  }

  /// Takes any event; those of others leave no trace.
  ///
  /// `report` is what it says of a VM, where that was read already.
  mutating func take(event: QMPEvent, report: ReportedVM? = nil, elapsed: Duration) -> [Sign] {
    guard outcome == nil else { return [] }
    let report = report ?? ReportedVM(event.data)
    guard let reply else {
      if label == report.name || label.hasSuffix("/" + report.name) { early.append(event) }
      return []
    }
    guard report.isSameVM(as: reply) else { return [] }
    switch event.name {
    case "VM_MESSAGE":
      return tell(
        Printable.line(event.data["message"]?.string ?? ""), isLast: event.data["gaveUp"]?.bool == true)
    case "VM_REMOVED" where report.wish >= reply.wish:
      return removed(elapsed)
    case "VM_STATE_CHANGED" where report.wish >= reply.wish:
      return changed(report, elapsed)
    default:
      return []
    }
  }

  /// The time that the person gave is over.
  mutating func pass(deadline: Duration) {
    guard outcome == nil else { return }
    let limit = TimeText.text(deadline)
    guard let latest else {
      outcome = .failed(
        CommandFailure(.deadline, label, "\(goal.failure): no answer within \(limit); it may still be done"))
      return
    }
    let state = describe(latest)
    outcome = .failed(
      CommandFailure(
        .deadline, label, "\(goal.failure) within \(limit): it is still \(state)",
        hints: ["It goes on by itself; 'qemuvm status \(label)' shows how far it is."]))
  }

  /// The connection to the supervisor ended.
  mutating func loseSupervisor() {
    guard outcome == nil else { return }
    outcome = .failed(
      CommandFailure(
        .noSupervisor, label, "the supervisor left before this was done",
        hints: ["Its wish is kept when it was answered; 'qemuvm status \(label)' shows what became of it."]))
  }

  // MARK: Decisions

  private mutating func begin(_ report: ReportedVM, _ elapsed: Duration) -> [Sign] {
    latest = report
    switch goalByState {
    case .accepted(let word):
      outcome = .reached
      return word.map { [.progress(report.state, $0)] } ?? []
    case .running where report.state == .running && !report.actions.contains("start"):
      if let signs = judgeHealth(report) { return signs }
      outcome = .reached
      let words = report.actions.isEmpty ? "already running" : "updated, running"
      return [.progress(.running, words + Self.details(report.accelerator, nil))]
    case .running where report.state == .paused && !report.actions.contains("start"):
      return fail(.paused, report)
    case .paused where report.state == .running, .unpaused where report.state == .paused:
      // Nothing to tell before QEMU has done it.
      return []
    case .restarted where report.state == .running:
      // Not stopped yet: the QEMU that is to go still runs.
      return [.progress(.stopping, "restarting")]
    default:
      return changed(report, elapsed, isReply: true)
    }
  }

  private mutating func changed(_ report: ReportedVM, _ elapsed: Duration, isReply: Bool = false) -> [Sign] {
    latest = report
    if report.state == .running, let signs = judgeHealth(report) { return signs }
    switch (goalByState, report.state) {
    case (.running, .running), (.unpaused, .running): return reach(report, elapsed)
    case (.restarted, .running):
      // A QEMU that was only starting is not started anew.
      guard reply?.pid == nil || report.pid != reply?.pid || reply?.state == .starting else { return [] }
      return reach(report, elapsed)
    case (.paused, .paused), (.stopped, .stopped): return reach(report, elapsed)
    case (.paused, .stopping), (.paused, .stopped), (.paused, .starting), (.paused, .backoff),
      (.paused, .failed):
      // The QEMU that was to stand still goes or is gone, and the next one is not meant.
      return fail(report.state, report)
    case (.running, .failed), (.restarted, .failed), (.unpaused, .failed), (.removed, .failed):
      return fail(.failed, report)
    case (.stopped, .failed): return reach(report, elapsed)
    case (.running, .paused), (.restarted, .paused):
      // A reply may tell of the pause that this command is about to end.
      return isReply ? [progress(report)] : fail(.paused, report)
    case (.running, .stopped), (.restarted, .stopped), (.unpaused, .stopped):
      return report.isWanted || isReply ? [progress(report)] : fail(.stopped, report)
    case (.stopped, .starting), (.stopped, .running), (.removed, .starting), (.removed, .running):
      let isCountermanded = report.isWanted && report.wish > reply?.wish ?? .max
      return isCountermanded ? fail(report.state, report) : [progress(report)]
    default:
      return [progress(report)]
    }
  }

  /// A guest that is well has come to running, as has one that nobody looks after.
  private var goalByState: Goal { goal == .healthy ? .running : goal }

  /// What is told of a guest that runs and is not well yet, or not any more; nil where that is no matter.
  private mutating func judgeHealth(_ report: ReportedVM) -> [Sign]? {
    guard goal == .healthy else { return nil }
    switch report.health {
    case .starting?: return [progress(report)]
    case .unhealthy?: return fail(.running, report)
    case .some(.none), .healthy?, nil: return nil
    }
  }

  /// Passes on what a person should know; the last word is that of a supervisor at its wits' end.
  private mutating func tell(_ message: String, isLast: Bool) -> [Sign] {
    guard isLast else { return [.note("\(label): \(message)")] }
    outcome = .failed(CommandFailure(.deadline, label, "\(goal.failure): \(message)"))
    return []
  }

  private mutating func removed(_ elapsed: Duration) -> [Sign] {
    guard goal == .removed || goal == .stopped else {
      outcome = .failed(CommandFailure(.failed, label, "\(goal.failure): it was removed meanwhile"))
      return []
    }
    outcome = .reached
    return [.progress(.stopped, (goal == .removed ? "removed" : "stopped") + Self.details(nil, elapsed))]
  }

  private mutating func reach(_ report: ReportedVM, _ elapsed: Duration) -> [Sign] {
    outcome = .reached
    let accelerator = report.state == .running ? report.accelerator ?? reply?.accelerator : nil
    return [.progress(report.state, report.stateWord + Self.details(accelerator, elapsed))]
  }

  private mutating func fail(_ state: VMState?, _ report: ReportedVM) -> [Sign] {
    let cause = report.cause ?? "it is \(report.stateWord)"
    // The cause of a start that failed says so itself.
    let reason =
      cause.hasPrefix("\(goal.failure): ") ? String(cause.dropFirst(goal.failure.count + 2)) : cause
    let hint: String =
      switch state {
      case .paused: "'qemuvm unpause \(label)' lets it go on."
      case .running: "'qemuvm logs \(label) --tail 50' shows the guest's last words on its console."
      case .failed where goal == .removed: "Put that right and give the command again."
      case .failed where reason.contains("QEMU"): "'qemuvm logs \(label) --qemu' shows QEMU's own words."
      case .failed: "'qemuvm why \(label)' tells more."
      default: "'qemuvm status \(label)' tells more."
      }
    outcome = .failed(CommandFailure(.failed, label, "\(goal.failure): \(reason)", hints: [hint]))
    return [.progress(state, report.stateWord)]
  }

  private func progress(_ report: ReportedVM) -> Sign {
    .progress(report.state, describe(report))
  }

  private func describe(_ report: ReportedVM) -> String {
    guard report.state == .backoff, let cause = report.cause else { return report.stateWithHealth }
    return "\(report.stateWord): \(cause)"
  }

  /// What stands behind a state: ` (kvm, 0.06 s)`.
  private static func details(_ accelerator: String?, _ elapsed: Duration?) -> String {
    let parts = [accelerator, elapsed.map(Quantity.shortTime)].compactMap { $0 }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
  }
}
