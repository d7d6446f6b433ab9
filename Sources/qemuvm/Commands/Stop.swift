internal import Control

/// `qemuvm stop`: asks guests to power off, and ends those that do not.
struct Stop: Verb {
  static let name = "stop"
  static let group = VerbGroup.lifecycle
  static let summary = "Ask guests to power off, and end those that do not"
  static let discussion = [
    "The power button is pressed; a guest that has not powered off after its stop timeout is ended by QEMU's quit, "
      + "then by signals, and stderr says so. A stopped VM stays known and is not restarted.",
    "Of several VMs, what depends on others (the key dependsOn) ends before those are asked.",
    "--timeout limits how long this command waits, and not how long the guest may take.",
  ]
  static let examples = [
    "qemuvm stop web", "qemuvm stop --stop-timeout 10s", "qemuvm stop shop", "qemuvm stop --all",
  ]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] = StepOptions.all + [CommonOptions.stopTimeout, CommonOptions.all]
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions
  private let stopTimeout: Duration?

  init(_ given: GivenArguments) {
    step = StepOptions(given)
    stopTimeout = given[CommonOptions.stopTimeout]
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.runTogether(context, verb: Self.name, goal: .stopped) {
      .labStop(.vms($0), timeout: stopTimeout)
    }
  }
}
