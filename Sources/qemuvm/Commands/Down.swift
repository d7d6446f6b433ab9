internal import Control

/// `qemuvm down`: stops VMs and drops them from the list.
struct Down: Verb {
  static let name = "down"
  static let group = VerbGroup.lifecycle
  static let summary = "Stop VMs and drop them from the list"
  static let discussion = [
    "The guests are asked to power off as by 'qemuvm stop'. Nothing of the VM is left but its disks, which the next "
      + "'qemuvm up' takes again; --disks deletes those that qemuvm made.",
    "Without names it takes all VMs of the lab file. What depends on others (the key dependsOn) ends before those are "
      + "asked; all others end at the same time.",
  ]
  static let examples = ["qemuvm down", "qemuvm down web --stop-timeout 10s"]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] =
    StepOptions.all + [CommonOptions.stopTimeout, CommonOptions.disks]
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions
  private let stopTimeout: Duration?
  private let disks: Bool

  init(_ given: GivenArguments) {
    step = StepOptions(given)
    stopTimeout = given[CommonOptions.stopTimeout]
    disks = given[CommonOptions.disks]
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.runTogether(context, verb: Self.name, goal: .removed) {
      .labDown(.vms($0), disks: disks, timeout: stopTimeout)
    }
  }
}
