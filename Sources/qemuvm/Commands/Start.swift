internal import Control

/// `qemuvm start`: starts VMs that the supervisor knows, as they are defined there.
struct Start: Verb {
  static let name = "start"
  static let group = VerbGroup.lifecycle
  static let summary = "Start VMs that are there already"
  static let discussion = [
    "A VM that waits in backoff starts now; one that runs stays as it is. 'qemuvm up' also creates what is missing "
      + "and takes in what changed in the lab file."
  ]
  static let examples = ["qemuvm start web", "qemuvm start db web --timeout 30s"]
  static let arguments = [VMSelection.anyOfLab]
  static let options = StepOptions.all
  static let exitCodes = StepOptions.exitCodes

  /// How long a start may take unless the person says otherwise.
  static let patience: Duration = .seconds(90)

  private let step: StepOptions

  init(_ given: GivenArguments) {
    step = StepOptions(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .running, patience: Self.patience) {
      .start(name: $0)
    }
  }
}
