internal import Control

/// How far a job is, on a terminal: one line that is redrawn; elsewhere nothing.
struct JobDisplay {
  private let label: String
  private let stream: StandardStream
  private var board: ProgressBoard?

  init(label: String, context: Context) {
    self.label = label
    stream = context.diagnostics
    guard context.environment["TERM"] != "dumb", stream.isTerminal,
      let size = TerminalSize(of: stream.descriptor)
    else { return }
    board = ProgressBoard(count: 1, columns: size.columns, style: context.diagnosticsStyle)
  }

  mutating func show(_ job: JobReport) {
    guard !job.status.isOver, let text = board?.show(label, at: 0, nil, Self.text(job)), !text.isEmpty
    else { return }
    stream.note(text)
  }

  /// Takes the line away, for what the command itself prints.
  mutating func end() {
    guard let text = board?.clear(), !text.isEmpty else { return }
    stream.note(text)
  }

  /// `45 % (1.2 GiB of 2.6 GiB)`, or the status where nothing can be counted.
  static func text(_ job: JobReport) -> String {
    job.status == .running ? progress(job) ?? job.status.rawValue : job.status.rawValue
  }

  /// Nil where nothing can be counted yet.
  static func progress(_ job: JobReport) -> String? {
    let (current, total) = (job.progress.current, job.progress.total)
    guard total > 0, current >= 0 else { return nil }
    let percent = Int((Double(min(current, total)) / Double(total) * 100).rounded(.down))
    guard job.vm == nil else { return "\(percent) %" }
    return "\(percent) % (\(Quantity.bytes(UInt64(current))) of \(Quantity.bytes(UInt64(total))))"
  }
}
