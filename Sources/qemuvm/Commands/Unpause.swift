internal import Control

/// `qemuvm unpause`: lets frozen vCPUs run again.
struct Unpause: Verb {
  static let name = "unpause"
  static let group = VerbGroup.lifecycle
  static let summary = "Let the vCPUs of VMs run again"
  static let discussion = [
    "It ends a pause, and tries again what stopped at an I/O error, such as a full disk of the host."
  ]
  static let examples = ["qemuvm unpause web"]
  static let arguments = [VMSelection.several]
  static let options = StepOptions.all
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions

  init(_ given: GivenArguments) {
    step = StepOptions(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .unpaused) {
      .unpause(name: $0)
    }
  }
}
