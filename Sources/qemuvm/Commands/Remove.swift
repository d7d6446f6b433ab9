internal import Control

/// `qemuvm rm`: forgets stopped VMs.
struct Remove: Verb {
  static let name = "rm"
  static let group = VerbGroup.lifecycle
  static let summary = "Forget stopped VMs"
  static let discussion = [
    "A VM that runs is refused: 'qemuvm down' stops it first. Disks stay unless --disks is given, and a disk that "
      + "the definition names by its file always stays."
  ]
  static let examples = ["qemuvm rm web"]
  static let arguments = [VMSelection.several]
  static let options: [any DeclaredOption] = StepOptions.all + [CommonOptions.disks]
  static let exitCodes = StepOptions.exitCodes

  private let step: StepOptions
  private let disks: Bool

  init(_ given: GivenArguments) {
    step = StepOptions(given)
    disks = given[CommonOptions.disks]
  }

  func run(_ context: Context) throws -> ExitCode {
    try step.run(context, verb: Self.name, goal: .removed) {
      .remove(name: $0, disks: disks)
    }
  }
}
