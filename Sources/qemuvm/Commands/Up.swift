internal import Control
internal import JSON

/// `qemuvm up`: brings VMs to their definition.
struct Up: Verb {
  static let name = "up"
  static let group = VerbGroup.lifecycle
  static let summary = "Bring VMs to their definition: create them, start them, or say what differs"
  static let discussion = [
    "Without names it takes all VMs of the lab file, qemuvm.json5 in the working directory. What runs as it is "
      + "defined stays untouched; what a running guest cannot take waits for its next start, and is named.",
    "A VM with the key dependsOn waits until the others are so far, and says for what; a VM that is named brings those "
      + "that it depends on up with it.",
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
    let plan = try source.plan(in: context)
    let goal = isDry ? Goal.accepted(nil) : goal
    var commands = plan.subjects.map {
      FleetCommand.Command(
        .up($0.subject, dryRun: isDry), FleetCommand.Order(label: $0.label, goal: goal))
    }
    if let lab = plan.lab, !lab.labels.isEmpty {
      commands.append(
        FleetCommand.Command(
          .labUp(lab.definition, names: lab.names, dryRun: isDry),
          forSeveral: lab.labels.map { FleetCommand.Order(label: $0, goal: goal) }))
    }
    guard !commands.isEmpty else { return .done }
    let result = try FleetCommand(
      commands: commands, timeout: timeout, patience: patience(for: plan.lab), context: context
    ).run()
    if isDry {
      try show(result.replies, context)
    } else if isJSON {
      try context.output.write(json: try latest(result, context))
    }
    return result.code
  }

  /// How long it may take where the person has not said.
  private func patience(for lab: DefinitionSource.Lab?) -> Duration? {
    guard let patience, let lab else { return self.patience }
    return lab.stages.map { patience * max($0, 1) }
  }

  private func show(_ plans: [JSONValue], _ context: Context) throws {
    guard !isJSON else { return try context.output.write(json: .array(plans)) }
    try context.output.write(plans.map { Self.plan(try VMReply(json: $0)) }.joined())
  }

  /// What `up` would do to one VM, and what would wait.
  static func plan(_ reply: VMReply) -> String {
    let actions = reply.actions.map { Printable.line($0.text) }
    let head = actions.isEmpty ? "nothing to do" : "would " + actions.joined(separator: ", ")
    let pending = reply.pending.map { "  waits for the next start: \(Printable.line($0))\n" }
    let differences = reply.pending.isEmpty ? reply.differences : []
    let changes = differences.map { "  would change \(Printable.line($0))\n" }
    let profile = reply.profileFile.map { "  with the profile \($0)\n" } ?? ""
    let cloudInit = reply.cloudInit.map { "  with a disk for cloud-init: \(Printable.line($0))\n" } ?? ""
    let networks = reply.networks.map { card in
      let address = card.address.map { " as \($0)" } ?? ""
      return "  on the network \(Printable.line(card.network))\(address), \(card.mac)\n"
    }
    return "\(reply.name): \(head)\n\(profile)\(cloudInit)" + (networks + changes + pending).joined()
  }

  /// The VMs asked for as they are by now, for the replies tell how they were before they ran; what has failed says so.
  private func latest(_ result: FleetCommand.Result, _ context: Context) throws -> JSONValue {
    let reply = try SupervisorConnector(context: context).ask(.queryVMs, deadline: Query.deadline)
    var known: [FullName: JSONObject] = [:]
    for vm in reply.array ?? [] {
      guard let object = vm.object else { continue }
      let name = try FullName(object)
      known[name] = object
    }
    return .array(
      result.labels.enumerated().map { index, label in
        let name = FullName(written: label)
        // One that the supervisor does not know has no state, and no other fact.
        var object = known[name] ?? name.members
        if let failure = result.failures[index] { object["error"] = .string(failure.reason) }
        return .object(object)
      })
  }
}
