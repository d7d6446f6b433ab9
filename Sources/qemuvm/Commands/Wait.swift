internal import Control
internal import Host

/// `qemuvm wait`: until something is so.
struct Wait: Verb {
  static let name = "wait"
  static let group = VerbGroup.look
  static let summary = "Wait until VMs run, are healthy, are reached by ssh, stop, or say something"
  static let discussion = [
    "It changes nothing. Without --timeout it waits as long as it takes; it fails where it cannot become so any more: the "
      + "VM has failed, or is unhealthy.",
    "console:PATTERN is an extended regular expression that a line of the console is to show, since the guest's last "
      + "boot. With several VMs it waits for all of them; without names, for those of the lab file.",
  ]
  static let examples = [
    "qemuvm wait web --for healthy --timeout 2m", "qemuvm wait web --for console:login:",
    "qemuvm wait --for ssh",
  ]
  static let arguments = [VMSelection.anyOfLab]
  private static let condition = ValueOption(
    "for", "STATE", .condition,
    help: "What is waited for: running, healthy, ssh, stopped, or console:PATTERN.")
  static let options: [any DeclaredOption] = [condition, CommonOptions.timeout, CommonOptions.file]
  static let exitCodes = ExitCode.allCases

  private let selection: VMSelection
  private let condition: Condition
  private let timeout: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    selection = VMSelection(given)
    timeout = given[CommonOptions.timeout]
    guard let condition = given[Self.condition] else {
      throw UsageError(
        .combination("--for says what is waited for, and is missing"), verb: Self.name,
        hint: "One of \(Condition.words.joined(separator: ", ")).")
    }
    self.condition = condition
  }

  func run(_ context: Context) throws -> ExitCode {
    let deadline = timeout.map { context.began + $0 }
    for vm in try selection.resolved(in: context, verb: Self.name) {
      var wait = ConditionWait(vm, condition, timeout: timeout, deadline: deadline, context)
      try wait.run()
    }
    return .done
  }
}
