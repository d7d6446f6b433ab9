internal import Control
internal import Machine

/// One VM on its way to a goal: what was heard of it, and how the wait ends; pure.
///
/// The reply and the events come by two ways and may overtake each other, so events are kept until the reply has
/// told who the VM is and which wish is ours; from then on an event counts when its wish is not older.
struct VMWait: Sendable {
  /// What a person is told.
  enum Message: Equatable {
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
  private(set) var reply: VMReply?

  private var early: [VMEvent] = []
  private var latest: VMChange?

  /// Whether a VM that the supervisor does not know has reached the goal already.
  private let isUnknownFine: Bool

  /// How what an edit changes is told; nil where it is not.
  private let edit: UpPlan.Way?

  init(label: String, goal: Goal, isUnknownFine: Bool = false, edit: UpPlan.Way? = .later) {
    self.edit = edit
    self.label = label
    self.goal = goal
    self.isUnknownFine = isUnknownFine
  }

  /// Takes the supervisor's reply, and the events that came before it.
  mutating func take(reply: VMReply, elapsed: Duration) -> [Message] {
    guard outcome == nil else { return [] }
    self.reply = reply
    label = Printable.line("\(reply.name)")
    var messages: [Message] = []
    if edit != nil, goal == .running || goal == .healthy { messages = changes(reply) }
    // What a person should read is told, also when the reply says that all is done.
    let (spoken, others) = (early.filter(\.isMessage), early.filter { !$0.isMessage })
    early = []
    for event in spoken { messages += take(event: event, elapsed: elapsed) }
    if outcome == nil { messages += begin(reply, elapsed) }
    for event in others where outcome == nil { messages += take(event: event, elapsed: elapsed) }
    return messages
  }

  /// What an edited definition changes, and what of it waits.
  private func changes(_ reply: VMReply) -> [Message] {
    let (changed, waiting) = UpPlan.changes(reply, edit ?? .later)
    return changed.map { .note("\(label): changed: \(Printable.line($0))") }
      + waiting.map { .note("\(label): waits for the next start: \(Printable.line($0))") }
  }

  /// Takes the supervisor's refusal.
  mutating func take(error: ControlError) -> [Message] {
    guard outcome == nil else { return [] }
    if isUnknownFine, error.kind == .notFound {
      outcome = .reached
      return [.progress(.stopped, goal == .removed ? "is not there" : "is stopped")]
    }
    outcome = .failed(CommandFailure(error, subject: label))
    return []
  }

  /// Takes any event; those of others leave no trace.
  mutating func take(event: VMEvent, elapsed: Duration) -> [Message] {
    guard outcome == nil else { return [] }
    guard let reply else {
      // Until then it is known by what the person called it, perhaps without its lab.
      let asked = FullName(written: label)
      let isMeant = asked.name == event.name.name && (asked.lab == nil || asked.lab == event.name.lab)
      if isMeant { early.append(event) }
      return []
    }
    guard event.name == reply.name else { return [] }
    switch event {
    case .message(_, let words, let gaveUp): return tell(Printable.line(words), isLast: gaveUp)
    case .removed(_, let wish): return wish >= reply.change.wish ? removed(elapsed) : []
    case .changed(let change): return change.wish >= reply.change.wish ? changed(change, elapsed) : []
    }
  }

  /// The time that the person gave is over.
  mutating func endTime(after limit: Duration) {
    guard outcome == nil else { return }
    let limit = TimeText.text(limit)
    guard let latest else {
      outcome = .failed(
        CommandFailure(.deadline, label, "\(goal.failure): no answer within \(limit); it may still be done"))
      return
    }
    let state = describe(latest)
    outcome = .failed(
      CommandFailure(
        .deadline, label, "\(goal.failure) within \(limit): it is still \(state)",
        hints: [
          "It goes on by itself; 'qemuvm status \(label)' shows its state, 'qemuvm events -f \(label)' what happens."
        ]))
  }

  /// The connection to the supervisor ended, or it says nothing any more; its reply was there.
  mutating func loseSupervisor(_ error: ControlError) {
    guard outcome == nil else { return }
    let isSilent = error.kind == .silent
    outcome = .failed(
      CommandFailure(
        .noSupervisor, label, isSilent ? error.sentence : "the supervisor left before this was done",
        hints: ["Its wish is kept; 'qemuvm status \(label)' shows what became of it."]
          + (isSilent ? error.advice : [])))
  }

  // MARK: Decisions

  private mutating func begin(_ reply: VMReply, _ elapsed: Duration) -> [Message] {
    let report = reply.change
    latest = report
    switch (goalByState, report.state.known) {
    case (.accepted(let word), let state):
      outcome = .reached
      return word.map { [.progress(state, $0)] } ?? []
    case (.running, .running) where !reply.does(.start):
      if let messages = judgeHealth(report) { return messages }
      outcome = .reached
      let words = reply.actions.isEmpty ? "already running" : "updated, running"
      return [.progress(.running, words + Self.details(report.accelerator, nil))]
    case (.running, .paused) where !reply.does(.start):
      return fail(.paused, report)
    case (.paused, .running), (.unpaused, .paused):
      // Nothing to tell before QEMU has done it.
      return []
    case (.restarted, .running):
      // Not stopped yet: the QEMU that is to go still runs.
      return [.progress(.stopping, "restarting")]
    default:
      return changed(report, elapsed, isReply: true)
    }
  }

  private mutating func changed(_ report: VMChange, _ elapsed: Duration, isReply: Bool = false) -> [Message] {
    latest = report
    let state = report.state.known
    if state == .running, let messages = judgeHealth(report) { return messages }
    switch (goalByState, state) {
    case (.running, .running), (.unpaused, .running): return reach(report, elapsed)
    case (.restarted, .running):
      // A QEMU that was only starting is not started anew.
      guard
        reply?.change.pid == nil || report.pid != reply?.change.pid || reply?.change.state.known == .starting
      else { return [] }
      return reach(report, elapsed)
    case (.paused, .paused), (.stopped, .stopped): return reach(report, elapsed)
    case (.paused, .waiting), (.paused, .stopping), (.paused, .stopped), (.paused, .starting),
      (.paused, .backoff),
      (.paused, .failed):
      // The QEMU that was to pause goes or is gone, and the next one is not meant.
      return fail(state, report)
    case (.running, .failed), (.restarted, .failed), (.unpaused, .failed), (.removed, .failed):
      return fail(.failed, report)
    case (.stopped, .failed): return reach(report, elapsed)
    case (.running, .waiting), (.restarted, .waiting), (.unpaused, .waiting):
      return report.isStuck ? fail(.waiting, report) : [progress(report)]
    case (.running, .paused), (.restarted, .paused):
      // A reply may tell of the pause that this command is about to end.
      return isReply ? [progress(report)] : fail(.paused, report)
    case (.running, .stopped), (.restarted, .stopped), (.unpaused, .stopped):
      return report.isWanted || isReply ? [progress(report)] : fail(.stopped, report)
    case (.stopped, .starting), (.stopped, .running), (.removed, .starting), (.removed, .running):
      let isSuperseded = report.isWanted && report.wish > reply?.change.wish ?? .max
      return isSuperseded ? fail(state, report) : [progress(report)]
    default:
      return [progress(report)]
    }
  }

  /// A guest that is well has come to running, as has one that nobody looks after.
  private var goalByState: Goal { goal == .healthy ? .running : goal }

  /// What is told of a guest that runs and is not well yet, or not any more; nil where that is no matter.
  private mutating func judgeHealth(_ report: VMChange) -> [Message]? {
    guard goal == .healthy else { return nil }
    switch report.health.known {
    case .starting?: return [progress(report)]
    case .unhealthy?: return fail(.running, report)
    case .some(.none), .healthy?, nil: return nil
    }
  }

  /// Passes on what a person should know; the last one says that nothing is left to try.
  private mutating func tell(_ message: String, isLast: Bool) -> [Message] {
    guard isLast else { return [.note("\(label): \(message)")] }
    outcome = .failed(CommandFailure(.deadline, label, "\(goal.failure): \(message)"))
    return []
  }

  private mutating func removed(_ elapsed: Duration) -> [Message] {
    guard goal == .removed || goal == .stopped else {
      outcome = .failed(CommandFailure(.failed, label, "\(goal.failure): it was removed meanwhile"))
      return []
    }
    outcome = .reached
    return [.progress(.stopped, (goal == .removed ? "removed" : "stopped") + Self.details(nil, elapsed))]
  }

  private mutating func reach(_ report: VMChange, _ elapsed: Duration) -> [Message] {
    outcome = .reached
    let state = report.state.known
    let accelerator = state == .running ? report.accelerator ?? reply?.change.accelerator : nil
    return [.progress(state, Printable.line(report.state.text) + Self.details(accelerator, elapsed))]
  }

  private mutating func fail(_ state: VMState?, _ report: VMChange) -> [Message] {
    let cause = report.shownCause ?? "it is \(Printable.line(report.state.text))"
    let isRefusal = report.ending?.known == .refused
    // The cause of a start that was refused says itself what could not be done.
    let reason = state == .failed && isRefusal ? cause : "\(goal.failure): \(cause)"
    let hint: String =
      switch state {
      case .paused: "'qemuvm unpause \(label)' lets it go on."
      case .running: "'qemuvm logs \(label) --tail 50' shows the guest's last words on its console."
      case .failed where goal == .removed: "Put that right and give the command again."
      case .failed:
        "'qemuvm why \(label)' tells more, and what to do; 'qemuvm logs \(label) --qemu' has QEMU's own words."
      case .waiting: "It starts by itself then; 'qemuvm start --now \(label)' starts it at once."
      default: "'qemuvm status \(label)' tells more."
      }
    outcome = .failed(CommandFailure(.failed, label, reason, hints: [hint]))
    return [.progress(state, Printable.line(report.state.text))]
  }

  private func progress(_ report: VMChange) -> Message {
    .progress(report.state.known, describe(report))
  }

  private func describe(_ report: VMChange) -> String {
    guard let cause = report.shownCause else { return report.stateWithHealth }
    return switch report.state.known {
    case .backoff: "\(report.state.text): \(cause)"
    // It says so itself.
    case .waiting: cause
    // Others end first.
    case .running where !report.isWanted: "\(report.state.text): \(cause)"
    default: report.stateWithHealth
    }
  }

  /// What stands behind a state: ` (kvm, 0.06 s)`.
  private static func details(_ accelerator: String?, _ elapsed: Duration?) -> String {
    let parts = [accelerator, elapsed.map(Quantity.shortTime)].compactMap { $0 }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
  }
}
