internal import Control

/// `qemuvm kill`: ends QEMU at once, as if the plug were pulled.
struct Kill: Verb {
  static let name = "kill"
  static let group = VerbGroup.lifecycle
  static let summary = "End VMs at once, as if the plug were pulled"
  static let discussion = [
    "The guest is not asked, and what it had not written is lost. The VM stays known, and is not restarted."
  ]
  static let examples = ["qemuvm kill web"]
  static let arguments = [VMSelection.several]
  static let options = StepOptions.all
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions

  init(_ given: GivenArguments) {
    step = StepOptions(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .stopped) {
      .kill(name: $0)
    }
  }
}
