internal import Control
internal import JSON

/// `qemuvm ls`: the VMs that the supervisor knows, one a line.
struct List: Verb {
  static let name = "ls"
  static let group = VerbGroup.look
  static let summary = "List all VMs with their states"
  static let discussion = [
    "The supervisor that keeps them was started by a command, unless an init system runs 'qemuvm supervisor run': if "
      + "it dies, guests run on, but one that crashes is restarted only after the next command. It is said on stderr."
  ]
  static let examples = ["qemuvm ls", "qemuvm ls --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let connector = SupervisorConnector(context: context)
    let reply = try connector.ask(.queryVMs, deadline: Query.deadline)
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let vms = (reply.array ?? []).compactMap(\.object)
      try context.output.write(Self.table(vms).text(context.outputStyle))
      let isWanted = vms.contains { ReportedVM($0).isWanted }
      if isWanted, try connector.ask(.querySupervisor, deadline: Query.deadline)["background"] == true {
        context.diagnostics.note(Self.loneliness)
      }
    }
    return .done
  }

  /// What whoever relies on it must know of a supervisor that a command has started.
  private static let loneliness = """
    The supervisor itself is started again by the next command only: 'qemuvm supervisor run' is for an init system.

    """

  /// VMs outside labs first, then lab by lab.
  static func table(_ vms: [JSONObject]) -> Table {
    var table = Table([
      ("NAME", .left), ("STATE", .left), ("CPUS", .right), ("MEMORY", .right), ("UPTIME", .right),
      ("RESTARTS", .right), ("CAUSE", .left),
    ])
    let reports = vms.map { (object: $0, report: ReportedVM($0)) }
    let sorted = reports.sorted {
      ($0.report.lab ?? "", $0.report.name) < ($1.report.lab ?? "", $1.report.name)
    }
    for (object, report) in sorted {
      table.add([
        Table.Cell(report.displayName),
        Table.Cell(report.stateWithHealth, state: report.state),
        Table.Cell(object["cpus"]?.int.map(String.init) ?? "-"),
        Table.Cell(object["memoryBytes"]?.uint64.map(Quantity.bytes) ?? "-"),
        Table.Cell(object["uptimeSeconds"]?.double.map { Quantity.elapsed(seconds: Int($0)) } ?? "-"),
        Table.Cell(object["restarts"]?.int.map(String.init) ?? "-"),
        Table.Cell(report.cause ?? ""),
      ])
    }
    return table
  }
}
