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
  /// `patience` limits the wait where the person did not.
  func run(
    _ context: Context, verb: String, goal: Goal, isUnknownFine: Bool = false, reversed: Bool = false,
    patience: Duration? = nil, _ request: (VMReference) -> ControlRequest
  ) throws -> ExitCode {
    var vms = try selection.resolved(in: context, verb: verb)
    if reversed { vms.reverse() }
    let orders = vms.map {
      FleetCommand.Order(label: $0.name, request: request($0), goal: goal, isUnknownFine: isUnknownFine)
    }
    guard !orders.isEmpty else { return .done }
    return try FleetCommand(
      orders: orders, timeout: timeout, patience: patience, context: context
    ).run().code
  }
}
