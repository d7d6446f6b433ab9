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
      let vms = try [VMStatus](json: reply)
      try context.output.write(Self.table(vms).text(context.outputStyle))
      if vms.contains(where: { $0.desired.known == .running }) {
        let supervisor = try connector.ask(.querySupervisor, deadline: Query.deadline)
        if try SupervisorReport(json: supervisor).isBackground {
          context.diagnostics.note(Self.backgroundNote)
        }
      }
    }
    return .done
  }

  /// What whoever relies on it must know of a supervisor that a command has started.
  private static let backgroundNote = """
    The supervisor itself is started again by the next command only: 'qemuvm supervisor run' is for an init system.

    """

  /// VMs outside labs first, then lab by lab.
  static func table(_ vms: [VMStatus]) -> Table {
    var table = Table([
      ("NAME", .left), ("STATE", .left), ("CPUS", .right), ("MEMORY", .right), ("UPTIME", .right),
      ("RESTARTS", .right), ("CAUSE", .left),
    ])
    for vm in vms.sorted(by: { $0.name < $1.name }) {
      table.add([
        Table.Cell(Printable.line("\(vm.name)")),
        Table.Cell(vm.stateWithHealth, state: vm.state.known),
        Table.Cell(vm.cpus.map(String.init) ?? "-"),
        Table.Cell(vm.memoryBytes.map(Quantity.bytes) ?? "-"),
        Table.Cell(vm.uptimeSeconds.map { Quantity.elapsed(seconds: Int($0)) } ?? "-"),
        Table.Cell(vm.restarts.map(String.init) ?? "-"),
        Table.Cell(vm.shownCause ?? ""),
      ])
    }
    return table
  }
}
