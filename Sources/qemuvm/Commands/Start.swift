internal import Control

/// `qemuvm start`: starts VMs that the supervisor knows, as they are defined there.
struct Start: Verb {
  static let name = "start"
  static let group = VerbGroup.lifecycle
  static let summary = "Start VMs that are there already"
  static let discussion = [
    "A VM with the key dependsOn waits until the others are so far; --now overrides that.",
    "A VM that waits in backoff starts now; one that runs stays as it is. 'qemuvm up' also creates what is missing "
      + "and takes in what changed in the lab file.",
  ]
  static let examples = [
    "qemuvm start web", "qemuvm start db web --timeout 30s", "qemuvm start --now web",
    "qemuvm start --wanted",
  ]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] = StepOptions.all + [CommonOptions.wait, now, wanted]
  static let exitCodes = StepOptions.exitCodes

  /// How long a start may take unless the person says otherwise.
  static let patience: Duration = .seconds(90)

  private static let now = Flag("now", help: "Start it whatever it depends on (the key dependsOn).")

  private static let wanted = Flag(
    "wanted", help: "Every VM that is wanted and down, of every lab and of none.")

  private let step: StepOptions
  private let isForWanted: Bool
  private let isNow: Bool
  private let goal: Goal

  init(_ given: GivenArguments) throws(UsageError) {
    step = StepOptions(given)
    isForWanted = given[Self.wanted]
    if isForWanted, !step.selection.names.isEmpty || !step.selection.files.isEmpty {
      throw UsageError(
        .combination("--wanted is every VM that is wanted, and takes no VM and no --file"), verb: Self.name)
    }
    isNow = given[Self.now]
    goal = given[CommonOptions.wait] == "healthy" ? .healthy : .running
  }

  func run(_ context: Context) throws -> ExitCode {
    let wanted = try isForWanted ? Self.wantedAndDown(context) : nil
    let patience = goal == .healthy ? nil : Self.patience
    return try step.run(context, verb: Self.name, of: wanted, goal: goal, patience: patience) {
      .start(name: $0, now: isNow)
    }
  }

  private static func wantedAndDown(_ context: Context) throws -> [VMReference] {
    try VMStatus.all(context).filter { $0.desired.known == .running && $0.state.known == .stopped }
      .map { VMReference("\($0.name)") }
  }
}
