internal import Control

/// `qemuvm reset`: resets the machine, as its reset button would.
struct Reset: Verb {
  static let name = "reset"
  static let group = VerbGroup.lifecycle
  static let summary = "Press the reset button of VMs"
  static let discussion = [
    "The guest starts again inside the same QEMU; what it had not written is lost."
  ]
  static let examples = ["qemuvm reset web"]
  static let arguments = [VMSelection.several]
  static let options = StepOptions.all
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions

  init(_ given: GivenArguments) {
    step = StepOptions(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .accepted("reset")) {
      .reset(name: $0)
    }
  }
}
