/// Shows on stderr how several VMs come along.
struct FleetDisplay {
  private var display: any ProgressDisplay
  private let stream: StandardStream

  /// Failures that are about no single VM, told once.
  private var told: Set<String> = []

  /// Redraws lines on a terminal that has room for them.
  init(count: Int, context: Context, isQuiet: Bool = false) {
    stream = context.diagnostics
    if isQuiet {
      display = NoProgress()
    } else if context.environment["TERM"] != "dumb", stream.isTerminal,
      let size = TerminalSize(of: stream.descriptor), count < size.rows
    {
      display = ProgressBoard(count: count, columns: size.columns, style: context.diagnosticsStyle)
    } else {
      display = PlainProgress()
    }
  }

  /// Shows what one wait has come to, and its failure when it has failed.
  mutating func show(_ messages: [VMWait.Message], _ wait: VMWait, at index: Int) {
    var text = ""
    for message in messages {
      switch message {
      case .progress(let state, let words): text += display.show(wait.label, at: index, state, words)
      case .note(let words): text += display.note(words)
      }
    }
    if case .failed(let failure) = wait.outcome,
      failure.subject != nil || told.insert(failure.text).inserted
    {
      text += display.note(failure.text)
    }
    if !text.isEmpty { stream.note(text) }
  }
}
