internal import Control
internal import Host
internal import Synchronization

/// Why a job's work did not come to its end.
enum JobFailure: Error, Sendable, Equatable {
  case cancelled

  /// In words for a person; what to do next stands on further lines.
  case failed(String)

  /// From whatever the work has thrown: its own words, or the system's.
  init(_ error: any Error) {
    self = error as? JobFailure ?? .failed("\(error)")
  }

  var words: String {
    switch self {
    case .cancelled: "cancelled"
    case .failed(let words): words
    }
  }
}

/// A job as its work sees it: whether it is still wanted, and where the work says how far it is.
///
/// Any thread. It tells others a few times a second at most, and sets no timer: what does not move says nothing.
final class JobTask: Sendable {
  /// How long it is silent after it has told how far it is.
  static let quietTime = Duration.milliseconds(250)

  private struct State {
    var progress = JobReport.Progress()
    var isCancelled = false
    var toldAt: Instant?
    var interruption: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let moved: @Sendable (JobReport.Progress) -> Void

  /// `moved` is called on the work's thread.
  init(moved: @escaping @Sendable (JobReport.Progress) -> Void = { _ in }) {
    self.moved = moved
  }

  var progress: JobReport.Progress { state.withLock { $0.progress } }
  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() {
    let interruption = state.withLock { state in
      state.isCancelled = true
      return state.interruption
    }
    interruption?()
  }

  /// What ends a wait that asks for nothing meanwhile, until it is replaced; at once, where nobody wants the work any
  /// more.
  func onCancel(_ interruption: (@Sendable () -> Void)?) {
    let isCancelled = state.withLock { state in
      state.interruption = interruption
      return state.isCancelled
    }
    if isCancelled { interruption?() }
  }

  /// So much is done of so much, whatever was told before; throws once nobody wants it any more.
  func reach(_ current: Int64, of total: Int64, at now: Instant = .now) throws(JobFailure) {
    state.withLock { $0.progress = JobReport.Progress(current: current, total: total) }
    try advance(at: now)
  }

  /// There is so much more to do.
  func expect(_ amount: Int64) { state.withLock { $0.progress.total += amount } }

  /// So much more is done; throws once nobody wants it any more, which is asked for so often.
  func advance(by amount: Int64 = 0, at now: Instant = .now) throws(JobFailure) {
    let told: JobReport.Progress?? = state.withLock { state in
      if state.isCancelled { return nil }
      state.progress.current += amount
      state.progress.total = max(state.progress.total, state.progress.current)
      if let last = state.toldAt, now - last < Self.quietTime { return .some(nil) }
      state.toldAt = now
      return state.progress
    }
    guard let told else { throw .cancelled }
    if let told { moved(told) }
  }
}
