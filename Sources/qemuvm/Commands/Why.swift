internal import Control
internal import JSON

/// `qemuvm why`: what happened to a VM, what qemuvm did about it, and what to do.
struct Why: Verb {
  static let name = "why"
  static let group = VerbGroup.look
  static let summary = "Tell what happened to a VM, and what to do about it"
  static let discussion = [
    "First a verdict, then what it rests on: the last records of the ledger, QEMU's last words, the last lines of the "
      + "serial console, also of a guest that failed and runs anew. A VM that has been taken down is known as long as the ledger remembers it."
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
      try context.output.write(Self.text(reply, context.outputStyle))
    }
    return .done
  }

  static func text(_ reply: JSONValue, _ style: TextStyle) -> String {
    func strings(_ key: String) -> [String] {
      reply[key]?.array?.compactMap { $0.string.map(Printable.line) } ?? []
    }
    // A record of a newer supervisor that cannot be read here is left out of the text; --json has it.
    let records = reply["timeline"]?.array?.compactMap { try? LedgerRecord(json: $0) } ?? []
    let timeline = records.map { String(LedgerLine($0).text(style, withName: false).dropLast()) }
    var text = style.heading(Printable.line(reply["verdict"]?.string ?? "")) + "\n"
    let failed = strings("failedConsole")
    // Of one that is down it ends with what it said when it failed.
    let isUp = reply["state"]?.string.flatMap(VMState.init).map {
      ![.stopped, .backoff, .failed].contains($0)
    }
    let sections = [
      ("What happened", timeline), ("QEMU's last words", strings("qemuLog")),
      ("The console's last lines before it failed", failed),
      ("The console's last lines", failed.isEmpty || isUp == true ? strings("console") : []),
      ("What to do", strings("advice")),
    ]
    for (title, lines) in sections where !lines.isEmpty {
      text += "\n\(style.heading(title)):\n" + lines.map { "  \($0)\n" }.joined()
    }
    return text
  }
}
