internal import Control

/// `qemuvm why`: what happened to a VM, what qemuvm did about it, and what to do.
struct Why: Verb {
  static let name = "why"
  static let group = VerbGroup.look
  static let summary = "Tell what happened to a VM, and what to do about it"
  static let discussion = [
    "First a verdict, then what it rests on: the last records of the ledger, QEMU's last words, the last lines of the "
      + "serial console, also of a guest that failed and runs anew. A VM that has been taken down is known as long as "
      + "the ledger remembers it."
  ]
  static let examples = ["qemuvm why web", "qemuvm why shop/web --json"]
  static let arguments = [VMSelection.one]
  static let options: [any DeclaredOption] = [CommonOptions.file, CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let query: Query
  private let isJSON: Bool

  init(_ given: GivenArguments) {
    query = Query(selection: VMSelection(given), verb: Self.name)
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try query.reply(context) { .queryWhy(name: $0) }
    if isJSON {
      try context.output.write(json: reply)
    } else {
      try context.output.write(Self.text(try VMDiagnosis(json: reply), context.outputStyle))
    }
    return .done
  }

  static func text(_ diagnosis: VMDiagnosis, _ style: TextStyle) -> String {
    let timeline = diagnosis.timeline.map { String(LedgerLine($0).text(style, withName: false).dropLast()) }
    var text = style.heading(Printable.line(diagnosis.verdict)) + "\n"
    let failed = diagnosis.failedConsole.map(Printable.line)
    // Of one that is down it ends with what it said when it failed.
    let isUp = diagnosis.state?.known.map { ![.stopped, .waiting, .backoff, .failed].contains($0) }
    let sections = [
      ("What happened", timeline), ("QEMU's last words", diagnosis.qemuLog.map(Printable.line)),
      ("The console's last lines before it failed", failed),
      (
        "The console's last lines",
        failed.isEmpty || isUp == true ? diagnosis.console.map(Printable.line) : []
      ),
      ("What to do", diagnosis.advice.map(Printable.line)),
    ]
    for (title, lines) in sections where !lines.isEmpty {
      text += "\n\(style.heading(title)):\n" + lines.map { "  \($0)\n" }.joined()
    }
    return text
  }
}
