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
    "A VM with the key dependsOn waits until the others are so far, and says for what; a VM that is named brings those "
      + "that it depends on up with it.",
    "After an edit a terminal is shown first what it changes: at once, or at the VM's next start, which --restart makes "
      + "now. --recreate takes every VM down and brings it up anew; its disks stay. VMs that have left the lab file are "
      + "named, and taken down with --remove-orphans.",
    "Ctrl-C ends the waiting; the VMs go on.",
  ]
  static let examples = [
    "qemuvm up --profile hello", "qemuvm up", "qemuvm up web db --file lab.json5", "qemuvm up --restart",
    "qemuvm up --profile linux --name web --memory 2G --disk web.qcow2 --port 8080:80",
  ]
  static let arguments = [VMSelection.anyOfLab]
  static let options: [any DeclaredOption] =
    [CommonOptions.wait, dryRun, recreate, LabOrphans.remove, CommonOptions.timeout, CommonOptions.json]
    + DefinitionSource.options
  static let exitCodes = ExitCode.allCases

  private static let dryRun = Flag("dry-run", help: "Say what would be done, and do nothing.")
  private static let recreate = Flag(
    "recreate", help: "Take them down first and bring them up anew, whatever has changed; disks stay.")

  private let source: DefinitionSource
  private let isDry: Bool
  private let isJSON: Bool
  private let way: UpPlan.Way
  private let removesOrphans: Bool
  private let goal: Goal
  private let timeout: Duration?
  private let patience: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    source = try DefinitionSource(given, verb: Self.name)
    isDry = given[Self.dryRun]
    isJSON = given[CommonOptions.json]
    goal = given[CommonOptions.wait] == "healthy" ? .healthy : .running
    // A guest that does not get well in its start period says so by itself.
    patience = goal == .healthy ? nil : Start.patience
    timeout = given[CommonOptions.timeout]
    removesOrphans = given[LabOrphans.remove]
    let restarts = SettingOption.isRestartBare(given)
    way = given[Self.recreate] ? .recreate : restarts ? .restart : .later
    guard !given[Self.recreate] || !restarts else {
      throw UsageError(
        .combination("--recreate starts every VM anew, and --restart those that need it"), verb: Self.name)
    }
    guard !removesOrphans || source.isWholeLab else {
      throw UsageError(
        .combination("--remove-orphans is about all of a lab file, and takes no VM and no --profile"),
        verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    let plan = try source.plan(in: context)
    let orphans = source.isWholeLab ? try plan.lab.map { try LabOrphans(of: $0.file, context) } : nil
    guard !isDry else { return try rehearse(plan, orphans, context) }
    let isShown = try prepare(plan, context)
    let commands = commands(plan, isDry: false, goal: goal, edit: isShown ? nil : way)
    var codes: [ExitCode] = []
    var result: FleetCommand.Result?
    if !commands.isEmpty {
      let done = try fleet(commands, patience(for: plan.lab), context).run()
      codes.append(done.code)
      result = done
      if goal == .healthy { tellStages(done, context) }
    }
    if way == .later { codes += try Update.tellRefusals(in: result?.replies ?? [], context) }
    if way == .restart, let code = try restart(result?.replies ?? [], context) { codes.append(code) }
    if removesOrphans { codes.append(try takeDown(orphans?.names ?? [], context)) }
    if !removesOrphans { orphans?.tell(of: Self.name, context) }
    if isJSON, let result { try context.output.write(json: try latest(result, context)) }
    return codes.first { $0 != .done } ?? .done
  }

  private func commands(
    _ plan: DefinitionSource.Plan, isDry: Bool, goal: Goal, edit: UpPlan.Way? = .later
  ) -> [FleetCommand.Command] {
    var commands = plan.subjects.map {
      FleetCommand.Command(
        .up($0.subject, dryRun: isDry),
        FleetCommand.Order(label: $0.label, goal: goal, edit: edit))
    }
    if let lab = plan.lab, !lab.labels.isEmpty {
      commands.append(
        FleetCommand.Command(
          .labUp(lab.definition, names: lab.names, dryRun: isDry),
          forSeveral: lab.labels.map {
            FleetCommand.Order(label: $0, goal: goal, edit: edit)
          }))
    }
    return commands
  }

  private func fleet(
    _ commands: [FleetCommand.Command], _ patience: Duration?, _ context: Context
  ) -> FleetCommand {
    FleetCommand(commands: commands, timeout: timeout, patience: patience, context: context)
  }

  /// Says what would be done, and does nothing.
  private func rehearse(
    _ plan: DefinitionSource.Plan, _ orphans: LabOrphans?, _ context: Context
  ) throws -> ExitCode {
    let commands = commands(plan, isDry: true, goal: .accepted(nil))
    let result = commands.isEmpty ? nil : try fleet(commands, patience(for: plan.lab), context).run()
    let replies = result?.replies ?? []
    if isJSON {
      try context.output.write(json: .array(replies))
    } else {
      try context.output.write(UpPlan(try replies.map(VMReply.init(json:)), way).text)
      for name in removesOrphans ? orphans?.names ?? [] : [] {
        try context.output.write("\(Printable.line(name)): would take down\n")
      }
    }
    if !removesOrphans { orphans?.tell(of: Self.name, context) }
    return result?.code ?? .done
  }

  /// What comes before: a terminal is shown what an edit changes, and what is to be made anew is taken down.
  ///
  /// Whether the changes were told.
  private func prepare(_ plan: DefinitionSource.Plan, _ context: Context) throws -> Bool {
    let isShown = context.diagnostics.isTerminal
    let commands = commands(plan, isDry: true, goal: .accepted(nil))
    guard isShown || way == .recreate, !commands.isEmpty else { return false }
    let rehearsed: UpPlan
    if way == .recreate {
      // What cannot come up again is not taken down.
      let result = try fleet(commands, patience(for: plan.lab), context).run()
      guard result.code == .done else { throw CommandFailure(result.code, nil, "nothing was taken down") }
      rehearsed = UpPlan(try result.replies.map(VMReply.init(json:)), way)
    } else {
      rehearsed = UpPlan(accepted(of: commands, context), way)
    }
    if isShown, rehearsed.hasEdit { context.diagnostics.note(rehearsed.edit) }
    if way == .recreate {
      let code = try takeDown(rehearsed.known, context)
      guard code == .done else { throw CommandFailure(code, nil, "not all could be taken down") }
    }
    return isShown && rehearsed.hasEdit
  }

  /// What would be done; what is refused says so when it is asked for in earnest.
  private func accepted(of commands: [FleetCommand.Command], _ context: Context) -> [VMReply] {
    commands.flatMap { command -> [VMReply] in
      let connector = SupervisorConnector(context: context, deadline: timeout.map { context.began + $0 })
      guard let json = try? connector.perform(command.request, deadline: Query.deadline) else { return [] }
      guard command.isForSeveral else { return [try? VMReply(json: json)].compactMap { $0 } }
      return FleetReply(json: json).entries.compactMap { entry in
        (try? entry.result.get()).flatMap { try? VMReply(json: .object($0)) }
      }
    }
  }

  /// Restarts what runs and waits with a part of its definition; nil where nothing does.
  private func restart(_ replies: [JSONValue], _ context: Context) throws -> ExitCode? {
    let names = try replies.map(VMReply.init(json:)).filter { !$0.pending.isEmpty }.map { "\($0.name)" }
    guard !names.isEmpty else { return nil }
    let commands = names.map {
      FleetCommand.Command(
        .restart(name: VMReference($0), timeout: nil), FleetCommand.Order(label: $0, goal: .restarted))
    }
    return try fleet(commands, Restart.patience, context).run().code
  }

  private func takeDown(_ names: [String], _ context: Context) throws -> ExitCode {
    guard !names.isEmpty else { return .done }
    let orders = names.map { FleetCommand.Order(label: $0, goal: .removed, isUnknownFine: true) }
    let request = ControlRequest.labDown(.vms(names.map { VMReference($0) }), disks: false, timeout: nil)
    return try fleet([FleetCommand.Command(request, forSeveral: orders)], nil, context).run().code
  }

  /// Says of each VM that runs and has not become healthy how far it has come.
  private func tellStages(_ result: FleetCommand.Result, _ context: Context) {
    for index in result.failures.keys.sorted() {
      let label = result.labels[index]
      let connector = SupervisorConnector(context: context)
      // Why it has failed is told already; this is what can be said besides.
      guard
        let reply = try? connector.ask(
          .queryVM(name: VMReference(label)), about: label, deadline: Query.deadline),
        let vm = try? VMDetails(json: reply), vm.status.state.known == .running
      else { continue }
      let stage = GuestStage(vm)
      let lines = stage.consoleLines.map { "  \($0)\n" }.joined()
      context.diagnostics.note("\(label): \(stage.words)\n\(lines)")
    }
  }

  /// How long it may take where the person has not said.
  private func patience(for lab: DefinitionSource.Lab?) -> Duration? {
    guard let patience, let lab else { return self.patience }
    return lab.stages.map { patience * max($0, 1) }
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
