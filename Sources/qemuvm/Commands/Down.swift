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
      + "asked; all others end at the same time. VMs that have left the lab file are named, and taken down as well "
      + "with --remove-orphans.",
  ]
  static let examples = ["qemuvm down", "qemuvm down web --stop-timeout 10s", "qemuvm down shop"]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] =
    StepOptions.all + [CommonOptions.stopTimeout, CommonOptions.disks, CommonOptions.all, LabOrphans.remove]
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions
  private let stopTimeout: Duration?
  private let disks: Bool
  private let removesOrphans: Bool

  init(_ given: GivenArguments) throws(UsageError) {
    step = StepOptions(given)
    stopTimeout = given[CommonOptions.stopTimeout]
    disks = given[CommonOptions.disks]
    removesOrphans = given[LabOrphans.remove]
    guard !removesOrphans || step.selection.isWholeLab else {
      throw UsageError(
        .combination("--remove-orphans is about all of a lab file, and takes no VM and no --all"),
        verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    let lab = step.selection.isWholeLab ? try CurrentLab.find(step.selection.files, in: context) : nil
    let orphans = try lab.map { try LabOrphans(of: $0, context) } ?? .none
    let code = try step.runTogether(
      context, verb: Self.name, goal: .removed, with: removesOrphans ? orphans.references : []
    ) {
      .labDown(.vms($0), disks: disks, timeout: stopTimeout)
    }
    if !removesOrphans { orphans.tell(of: Self.name, context) }
    return code
  }
}
