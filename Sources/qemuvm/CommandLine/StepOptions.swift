internal import Control

/// What the verbs of one step share: VMs by name or lab file, a time limit, and the course of the command.
struct StepOptions: Sendable {
  static let all: [any DeclaredOption] = [CommonOptions.file, CommonOptions.timeout]
  static let exitCodes: [ExitCode] = ExitCode.allCases

  let selection: VMSelection
  let timeout: Duration?

  init(_ given: GivenArguments) {
    selection = VMSelection(given)
    timeout = given[CommonOptions.timeout]
  }

  /// Asks the same for each VM, all at the same time, and waits for what comes of it.
  ///
  /// `patience` limits the wait where the person did not; `vms` are others than those selected.
  func run(
    _ context: Context, verb: String, of vms: [VMReference]? = nil, goal: Goal, patience: Duration? = nil,
    _ request: (VMReference) -> ControlRequest
  ) throws -> ExitCode {
    let commands = try (vms ?? selection.resolved(in: context, verb: verb)).map {
      FleetCommand.Command(request($0), FleetCommand.Order(label: $0.name, goal: goal))
    }
    return try run(context, commands, patience: patience)
  }

  /// Asks once for all VMs, and waits for what comes of it.
  ///
  /// Of a whole lab, and of all there are, what is not there has reached the goal already.
  func runTogether(
    _ context: Context, verb: String, goal: Goal, with others: [VMReference] = [],
    _ request: ([VMReference]) -> ControlRequest
  ) throws -> ExitCode {
    let vms = try selection.resolved(in: context, verb: verb) + others
    let isSweeping = selection.names.isEmpty
    let orders = vms.map { FleetCommand.Order(label: $0.name, goal: goal, isUnknownFine: isSweeping) }
    return try run(
      context, vms.isEmpty ? [] : [FleetCommand.Command(request(vms), forSeveral: orders)], patience: nil)
  }

  private func run(
    _ context: Context, _ commands: [FleetCommand.Command], patience: Duration?
  ) throws -> ExitCode {
    guard !commands.isEmpty else { return .done }
    let result = try FleetCommand(
      commands: commands, timeout: timeout, patience: patience, context: context
    ).run()
    if commands.flatMap(\.orders).contains(where: \.goal.isEnd) { settleNetworks(of: result.labels, context) }
    return result.code
  }

  /// Waits until switches have ended that nobody needs any more: what is down leaves nothing.
  private func settleNetworks(of labels: [String], _ context: Context) {
    guard labels.contains(where: { FullName(written: $0).lab != nil }) else { return }
    // The VMs have come to what was asked for; a supervisor that leaves meanwhile ends them with its own end.
    _ = try? SupervisorConnector(context: context).perform(
      .queryNetworks(counters: false), deadline: Query.deadline)
  }
}
