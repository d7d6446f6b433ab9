internal import Control
internal import JSON

/// `qemuvm status`: all about one VM.
struct Status: Verb {
  static let name = "status"
  static let group = VerbGroup.look
  static let summary = "Show all about one VM: state, configuration, use"
  static let discussion = [
    "The share of CPU time counts from the last look; 100 % is one CPU of the host."
  ]
  static let examples = ["qemuvm status web", "qemuvm status web --json"]
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
    let reply = try query.reply(context) { .queryVM(name: $0) }
    if isJSON {
      try context.output.write(json: reply)
    } else {
      try context.output.write(StatusCard(try VMDetails(json: reply)).text(context.outputStyle))
    }
    return .done
  }
}
