internal import Control

/// `qemuvm restart`: stops VMs and starts them again.
struct Restart: Verb {
  static let name = "restart"
  static let group = VerbGroup.lifecycle
  static let summary = "Stop VMs and start them again"
  static let discussion = [
    "What waited for the next start is taken in. The guest is asked to power off as by 'qemuvm stop'; a VM that does "
      + "not run is started."
  ]
  static let examples = ["qemuvm restart web"]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] =
    StepOptions.all + [CommonOptions.wait, CommonOptions.stopTimeout]
  static let exitCodes = StepOptions.exitCodes

  /// How long a stop and a start may take unless the person says otherwise.
  static let patience: Duration = .seconds(180)

  private let step: StepOptions
  private let stopTimeout: Duration?
  private let waitsForHealth: Bool

  init(_ given: GivenArguments) {
    step = StepOptions(given)
    waitsForHealth = given[CommonOptions.wait] == "healthy"
    stopTimeout = given[CommonOptions.stopTimeout]
  }

  func run(_ context: Context) throws -> ExitCode {
    let code = try step.run(
      context, verb: Self.name, goal: .restarted, patience: Self.patience + (stopTimeout ?? .zero)
    ) {
      .restart(name: $0, timeout: stopTimeout)
    }
    guard waitsForHealth, code == .done else { return code }
    // It runs: to start it once more asks for nothing but how it is.
    return try step.run(context, verb: Self.name, goal: .healthy) { .start(name: $0) }
  }
}
