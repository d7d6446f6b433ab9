internal import Control
internal import Host
internal import JSON

/// `qemuvm up`: brings VMs to their definition.
struct Up: Verb {
  static let name = "up"
  static let group = VerbGroup.lifecycle
  static let summary = "Bring VMs to their definition: create them, start them, or say what differs"
  static let discussion = [
    "Without names it takes all VMs of the lab file, qemuvm.json5 in the working directory. What runs as it is "
      + "defined stays untouched; what a running guest cannot take waits for its next start, and is named.",
    "Ctrl-C ends the waiting; the VMs go on.",
  ]
  static let examples = [
    "qemuvm up --profile hello", "qemuvm up", "qemuvm up web db --file lab.json5",
    "qemuvm up --profile linux --name web --memory 2G --disk web.qcow2 --port 8080:80",
  ]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] =
    [wait, dryRun, CommonOptions.timeout, CommonOptions.json] + DefinitionSource.options
  static let exitCodes = ExitCode.allCases

  private static let wait = ValueOption(
    "wait", "STATE", .word(["running", "healthy"]),
    help: "What to wait for: running (default), or healthy where the VM has the key health.")
  private static let dryRun = Flag("dry-run", help: "Say what would be done, and do nothing.")

  private let source: DefinitionSource
  private let isDry: Bool
  private let isJSON: Bool
  private let goal: Goal
  private let timeout: Duration?
  private let patience: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    source = try DefinitionSource(given, verb: Self.name)
    isDry = given[Self.dryRun]
    isJSON = given[CommonOptions.json]
    goal = given[Self.wait] == "healthy" ? .healthy : .running
    // A guest that does not get well in its start period says so by itself.
    patience = goal == .healthy ? nil : Start.patience
    timeout = given[CommonOptions.timeout]
  }

  func run(_ context: Context) throws -> ExitCode {
    let orders = try source.subjects(in: context).map {
      FleetCommand.Order(
        label: $0.label, request: .up($0.subject, dryRun: isDry), goal: isDry ? .accepted(nil) : goal)
    }
    guard !orders.isEmpty else { return .done }
    let result = try FleetCommand(
      orders: orders, timeout: timeout, patience: patience, context: context
    ).run()
    if isDry {
      try show(result.replies, context)
    } else if isJSON {
      try context.output.write(json: try latest(result.replies, context))
    }
    return result.code
  }

  private func show(_ plans: [JSONObject], _ context: Context) throws(SystemError) {
    guard !isJSON else { return try context.output.write(json: .array(plans.map(JSONValue.object))) }
    try context.output.write(plans.map { Self.plan(ReportedVM($0)) }.joined())
  }

  /// What `up` would do to one VM, and what would wait.
  static func plan(_ report: ReportedVM) -> String {
    let actions = report.actions.isEmpty ? "nothing to do" : "would " + report.actions.joined(separator: ", ")
    let pending = report.pending.map { "  waits for the next start: \($0)\n" }.joined()
    let profile = report.profileFile.map { "  with the profile \($0)\n" } ?? ""
    return "\(report.displayName): \(actions)\n\(profile)\(pending)"
  }

  /// The VMs as they are by now, for the replies tell how they were before they ran.
  private func latest(_ replies: [JSONObject], _ context: Context) throws -> JSONValue {
    let reports = replies.map(ReportedVM.init)
    let all =
      try SupervisorConnector(context: context).ask(.queryVMs, deadline: Query.deadline).array ?? []
    return .array(
      all.filter { vm in
        guard let report = vm.object.map(ReportedVM.init) else { return false }
        return reports.contains { $0.isSameVM(as: report) }
      })
  }
}
