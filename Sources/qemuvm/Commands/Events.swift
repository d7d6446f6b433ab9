internal import Control
internal import Host
internal import JSON
internal import QMP

/// `qemuvm events`: what happened, from the supervisor's ledger, and what happens.
struct Events: Verb {
  static let name = "events"
  static let group = VerbGroup.look
  static let summary = "Print what happened to VMs, and follow it"
  static let discussion = [
    "Every line begins with the record's number; numbers only grow, so a script that remembers the last one it saw "
      + "goes on behind it with --since and misses nothing.",
    "With --follow it begins with the last \(followed) records unless --since says otherwise, and goes on until "
      + "Ctrl-C, or until the supervisor leaves (exit code 5).",
  ]
  static let examples = [
    "qemuvm events", "qemuvm events web --since 1h", "qemuvm events -f --json",
    "qemuvm events --since 2026-11-23T03:00:00Z",
  ]
  static let arguments = [
    ArgumentDeclaration(
      "VM", .any, help: "A VM's name, as web or shop/web; none means all, and the supervisor.",
      completion: .vmsAndLabs)
  ]
  static let options: [any DeclaredOption] = [follow, since, CommonOptions.file, CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private static let follow = Flag("follow", short: "f", help: "Print what comes, too.")
  private static let since = ValueOption(
    "since", "START", .ledgerStart,
    help: "Begin behind the record of a number, a time ago as 10m, or at a time as 2026-11-23T06:40:08Z.")

  /// Records shown before those that come.
  private static let followed = 10

  /// Records shown where nothing says from where on, about.
  private static let most = 10_000

  private let selection: VMSelection
  private let isFollowing: Bool
  private let start: LedgerStart?
  private let isJSON: Bool

  init(_ given: GivenArguments) {
    selection = VMSelection(given)
    isFollowing = given[Self.follow]
    start = given[Self.since]
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    // No VM means all there are, here, and not all of a lab file.
    let vms = selection.names.isEmpty ? [] : try selection.resolved(in: context, verb: Self.name)
    var view = LedgerView()
    // The client keeps events from its first command on: what happens meanwhile comes twice, and not never.
    var (client, last) = try begin(vms, &view, context)
    guard isFollowing else { return .done }
    while let event = nextEvent(client) {
      guard let record = view.take(event), start?.includes(record) ?? true else { continue }
      try print([record], to: context)
      last = max(last, record.seq)
    }
    throw CommandFailure(
      .noSupervisor, nil, "the supervisor has left",
      hints: ["'qemuvm events -f --since \(last)' goes on where this ends."])
  }

  /// The supervisor that has told what there is; one that leaves meanwhile is no answer, and the next one is asked.
  private func begin(
    _ vms: [VMReference], _ view: inout LedgerView, _ context: Context
  ) throws -> (ControlClient, last: Int) {
    var round = 1
    while true {
      let client = try SupervisorConnector(context: context).connect()
      var fresh = view
      do {
        let last = try printPast(vms, &fresh, client, context)
        view = fresh
        return (client, last)
      } catch let failure as CommandFailure where failure.code == .noSupervisor {
        guard round < SupervisorConnector.rounds else { throw failure }
        round += 1
      }
    }
  }

  /// The next event; nil when the supervisor has gone.
  private func nextEvent(_ client: ControlClient) -> QMPEvent? {
    // Without a deadline and a command, nothing but the end of the connection ends the wait without a message.
    while let message = try? client.next() {
      if case .event(let event) = message { return event }
    }
    return nil
  }

  /// Prints what there is, and gives the number of the last.
  private func printPast(
    _ vms: [VMReference], _ view: inout LedgerView, _ client: ControlClient, _ context: Context
  ) throws -> Int {
    var records: [LedgerRecord] = []
    for vm in vms.isEmpty ? [nil] : vms.map(Optional.some) {
      let page = try past(of: vm, client)
      records += view.take(page)
      if !page.isComplete, start == nil, !isFollowing { note(page, context) }
    }
    records.sort { $0.seq < $1.seq }
    let last = records.last?.seq ?? start?.number ?? 0
    if let start { records = records.filter { start.includes($0) } }
    if isFollowing, start == nil { records = records.suffix(Self.followed) }
    try print(records, to: context)
    return last
  }

  /// What is asked for of one VM, or of all: page by page back from the youngest.
  private func past(of vm: VMReference?, _ client: ControlClient) throws -> LedgerPage {
    var whole = LedgerPage(name: nil, records: [], isComplete: false)
    repeat {
      let request = ControlRequest.queryEvents(
        name: vm, since: start?.number, before: whole.records.first?.seq)
      let reply = try client.ask(request, about: vm?.name ?? "events", deadline: Query.deadline)
      let page = try LedgerPage(json: reply)
      whole = LedgerPage(
        name: page.name, records: page.records + whole.records, isComplete: page.isComplete)
    } while !whole.isComplete && isWantedOlder(than: whole.records)
    return whole
  }

  private func isWantedOlder(than records: [LedgerRecord]) -> Bool {
    guard let oldest = records.first else { return false }
    if let start { return start.includes(oldest) }
    return records.count < (isFollowing ? Self.followed : Self.most)
  }

  private func note(_ page: LedgerPage, _ context: Context) {
    let oldest = page.records.first.map { " before record \($0.seq)" } ?? ""
    context.diagnostics.note("qemuvm: what happened\(oldest) is not shown; --since 0 shows all\n")
  }

  private func print(_ records: [LedgerRecord], to context: Context) throws(SystemError) {
    var bytes: [UInt8] = []
    for record in records {
      if isJSON {
        JSONValue.object(record.json).append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
      } else {
        bytes += Array(LedgerLine(record).text(context.outputStyle).utf8)
      }
    }
    try context.output.write(bytes)
  }
}
