internal import Control
internal import Host
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
      let vm = try VMDetails(json: reply)
      let card = StatusCard(vm, downSince: Self.downSince(vm, context))
      try context.output.write(card.text(context.outputStyle))
    }
    return .done
  }

  /// When a VM that is down came to that; by the ledger, which tells it across supervisors.
  private static func downSince(_ vm: VMDetails, _ context: Context) -> Timestamp? {
    guard let state = vm.status.state.known, state == .stopped || state == .failed else { return nil }
    let request = ControlRequest.queryEvents(name: VMReference("\(vm.name)"), since: nil)
    // Without the ledger the rest is as true.
    guard let reply = try? SupervisorConnector(context: context).ask(request, deadline: Query.deadline),
      let page = try? LedgerPage(json: reply)
    else { return nil }
    return Self.began(state, page.records)
  }

  /// When the last state of that kind began; nil where no record tells.
  static func began(_ state: VMState, _ records: [LedgerRecord]) -> Timestamp? {
    var began: Timestamp?
    for record in records {
      guard case .state(let facts) = record.event else { continue }
      if facts.state.rawValue != state.rawValue { began = nil } else if began == nil { began = record.time }
    }
    return began
  }
}
