internal import Control

/// `qemuvm create`: makes VMs known to the supervisor and starts none.
struct Create: Verb {
  static let name = "create"
  static let group = VerbGroup.lifecycle
  static let summary = "Make VMs known without starting them"
  static let discussion = [
    "Without names it takes all VMs of the lab file. 'qemuvm start' starts them; 'qemuvm up' does both."
  ]
  static let examples = ["qemuvm create", "qemuvm create --profile linux --name web --disk web.qcow2"]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] = [CommonOptions.timeout] + DefinitionSource.options
  static let exitCodes = ExitCode.allCases

  private let source: DefinitionSource
  private let timeout: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    source = try DefinitionSource(given, verb: Self.name)
    timeout = given[CommonOptions.timeout]
  }

  func run(_ context: Context) throws -> ExitCode {
    let commands = try source.subjects(in: context).map {
      FleetCommand.Command(
        .create($0.subject), FleetCommand.Order(label: $0.label, goal: .accepted("created")))
    }
    guard !commands.isEmpty else { return .done }
    return try FleetCommand(
      commands: commands, timeout: timeout, patience: Start.patience, context: context
    ).run().code
  }
}
