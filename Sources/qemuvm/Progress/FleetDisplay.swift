/// Shows on stderr how several VMs come along.
struct FleetDisplay {
  private var display: any ProgressDisplay
  private let stream: StandardStream

  /// Redraws lines on a terminal that has room for them.
  init(count: Int, context: Context) {
    stream = context.diagnostics
    if context.environment["TERM"] != "dumb", stream.isTerminal,
      let size = TerminalSize(of: stream.descriptor), count < size.rows
    {
      display = ProgressBoard(count: count, columns: size.columns, style: context.diagnosticsStyle)
    } else {
      display = PlainProgress()
    }
  }

  /// Shows what one wait has come to, and its failure when it has failed.
  mutating func show(_ signs: [VMWait.Sign], _ wait: VMWait, at index: Int) {
    var text = ""
    for sign in signs {
      switch sign {
      case .progress(let state, let words): text += display.show(wait.label, at: index, state, words)
      case .note(let words): text += display.note(words)
      }
    }
    if case .failed(let failure) = wait.outcome { text += display.note(failure.text) }
    if !text.isEmpty { stream.note(text) }
  }
}
