internal import Control
internal import Host
internal import JSON

/// `qemuvm ls`: the VMs that the supervisor knows, one a line.
struct List: Verb {
  static let name = "ls"
  static let group = VerbGroup.look
  static let summary = "List all VMs with their states"
  static let discussion = [
    "The supervisor that keeps them was started by a command, unless an init system runs 'qemuvm supervisor run': if "
      + "it dies, guests run on, but one that crashes is restarted only after the next command. It is said on stderr, once of each supervisor.",
    "On a terminal the last column is cut to its width; 'qemuvm status VM' has all of it.",
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
      let vms = try [VMStatus](json: reply)
      try context.output.write(Self.table(vms).text(context.outputStyle, columns: columns(context)))
      if vms.contains(where: { $0.desired.known == .running }) {
        let supervisor = try connector.ask(.querySupervisor, deadline: Query.deadline)
        let report = try SupervisorReport(json: supervisor)
        if report.isBackground, context.far == nil, Self.isNew(report, context) {
          context.diagnostics.note(Self.backgroundNote)
        }
      }
    }
    return .done
  }

  /// How wide a line may be: a terminal's width, and elsewhere as it comes.
  private func columns(_ context: Context) -> Int? {
    context.output.isTerminal ? TerminalSize(of: context.output.descriptor)?.columns : nil
  }

  /// What whoever relies on it must know of a supervisor that a command has started.
  private static let backgroundNote = """
    The supervisor itself is started again by the next command only: 'qemuvm generate systemd' has units for that.

    """

  /// Whether nobody was told of this supervisor; from here on somebody was.
  ///
  /// Where that cannot be kept it is told once more.
  private static func isNew(_ supervisor: SupervisorReport, _ context: Context) -> Bool {
    let mark = Array("\(supervisor.pid) \(supervisor.startedAt?.rfc3339 ?? "")\n".utf8)
    let file = context.locations.state + "/background-told"
    if (try? FileSystem.readIfPresent(file)) == mark { return false }
    try? FileSystem.replace(file, with: mark, durable: false)
    return true
  }

  /// VMs outside labs first, then lab by lab.
  static func table(_ vms: [VMStatus]) -> Table {
    var table = Table([
      ("NAME", .left), ("STATE", .left), ("CPUS", .right), ("MEMORY", .right), ("ACCEL", .left),
      ("UPTIME", .right), ("RESTARTS", .right), ("CAUSE", .left),
    ])
    for vm in vms.sorted(by: { $0.name < $1.name }) {
      table.add([
        Table.Cell(Printable.line("\(vm.name)")),
        Table.Cell(vm.stateWithHealth, state: vm.state.known),
        Table.Cell(vm.cpus.map(String.init) ?? "-"),
        Table.Cell(vm.memoryBytes.map(Quantity.bytes) ?? "-"),
        Table.Cell(vm.accelerator.map(Printable.line) ?? "-"),
        Table.Cell(vm.uptimeSeconds.map { Quantity.elapsed(seconds: Int($0)) } ?? "-"),
        Table.Cell(vm.restarts.map(String.init) ?? "-"),
        Table.Cell(vm.shownCause ?? ""),
      ])
    }
    return table
  }
}
