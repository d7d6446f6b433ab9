internal import Control
internal import JSON

/// The life of one job of qemuvm's own, from `created` to `null`; pure.
///
/// What happens to it goes in, what is to be done about it comes out. QEMU: docs/interop, "Job state machine".
struct JobLife: Sendable, Equatable {
  enum Input: Sendable, Equatable {
    /// It is on record, and may begin.
    case start
    case cancel

    /// The work ended, and what came of it is on record.
    case end(Outcome)
    case dismiss
  }

  /// What came of the work.
  enum Outcome: Sendable, Equatable {
    case success(JSONObject)
    case failure(String)
  }

  enum Effect: Sendable, Equatable {
    /// Do the work.
    case begin

    /// Let the work end as soon as it can.
    case interrupt

    /// Tell everyone the status.
    case tell(JobStatus)

    /// Remove the record.
    case forget
  }

  /// A command that comes too early or too late.
  struct Refusal: Error, Equatable {
    let verb: String
    let status: JobStatus
  }

  private(set) var status = JobStatus.created
  private(set) var outcome: Outcome?

  init() {}

  /// One that a record tells of, or that was found without its end.
  init(concluded outcome: Outcome) {
    status = .concluded
    self.outcome = outcome
  }

  mutating func handle(_ input: Input) throws(Refusal) -> [Effect] {
    switch (input, status) {
    case (.start, .created):
      status = .running
      return [.tell(.running), .begin]
    // Cancelled before it began: the work finds out, and does nothing.
    case (.start, .aborting) where outcome == nil:
      return [.begin]
    case (.cancel, .created), (.cancel, .running):
      status = .aborting
      return [.tell(.aborting), .interrupt]
    case (.cancel, .aborting):
      return []
    case (.end(let outcome), .created), (.end(let outcome), .running), (.end(let outcome), .aborting):
      let isAbort = if case .failure = outcome, status != .aborting { true } else { false }
      self.outcome = outcome
      status = .concluded
      return (isAbort ? [.tell(.aborting)] : []) + [.tell(.concluded)]
    case (.dismiss, .concluded):
      status = .null
      return [.forget, .tell(.null)]
    case (.cancel, _): throw Refusal(verb: "cancel", status: status)
    case (.dismiss, _): throw Refusal(verb: "dismiss", status: status)
    // It begins and ends once.
    case (.start, _), (.end, _): return []
    }
  }
}
