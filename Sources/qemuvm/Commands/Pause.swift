internal import Control

/// `qemuvm pause`: freezes the vCPUs and keeps the memory.
struct Pause: Verb {
  static let name = "pause"
  static let group = VerbGroup.lifecycle
  static let summary = "Freeze the vCPUs of VMs"
  static let discussion = [
    "The guest does not run, and keeps its memory. A stop of a paused VM lets it go on first."
  ]
  static let examples = ["qemuvm pause web"]
  static let arguments = [VMSelection.several]
  static let options = StepOptions.all
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions

  init(_ given: GivenArguments) {
    step = StepOptions(given)
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .paused) {
      .pause(name: $0)
    }
  }
}
