internal import Control
internal import Host
internal import JSON
internal import Machine

/// `qemuvm update`: changes a VM's configuration.
struct Update: Verb {
  static let name = "update"
  static let group = VerbGroup.configure
  static let summary = "Change a VM's configuration"
  static let discussion = [
    "The change is kept. A running guest takes at once what it can: disks, cards, ports, another CD. What waits for "
      + "its next start is named. What QEMU or the guest refuses leaves it as it was, and is told with exit code 1.",
    "A list, such as the disks, takes the place of the whole list before; --disk-add and its like change one part.",
    "A VM of a lab file takes its file's definition again at the next 'qemuvm up'.",
  ]
  static let examples = [
    "qemuvm update web --memory 2G", "qemuvm update web --cpus 4 --memory-per-cpu 512M",
    "qemuvm update web --disk-add name=data,size=20G --port-add 8443:443",
  ]
  static let arguments = [VMSelection.one]
  static let options: [any DeclaredOption] =
    ListOptions.all + SettingOption.options + [CommonOptions.file, CommonOptions.timeout, CommonOptions.json]
  static let exitCodes = ExitCode.allCases

  private let query: Query
  private let settings: Settings
  private let edits: ListEdits
  private let timeout: Duration?
  private let isJSON: Bool

  init(_ given: GivenArguments) throws(UsageError) {
    query = Query(selection: VMSelection(given), verb: Self.name)
    settings = try SettingOption.settings(in: given, verb: Self.name)
    timeout = given[CommonOptions.timeout]
    isJSON = given[CommonOptions.json]
    do throws(DefinitionError) {
      edits = try ListOptions.edits(in: given, from: FileSystem.currentDirectory)
    } catch {
      throw UsageError(.combination("\(error)"), verb: Self.name)
    }
    guard settings != Settings() || !edits.isEmpty else {
      throw UsageError(.combination("nothing to change is given"), verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    let settings = settings.anchored(in: FileSystem.currentDirectory).json
    // It answers once its guest has let go of what is taken from it, or has not.
    let patience = (timeout ?? Self.patience) + Query.deadline
    let json = try query.reply(context, deadline: patience) {
      .update(name: $0, settings: settings, edits: edits.json, timeout: timeout)
    }
    let reply = try VMReply(json: json)
    if isJSON {
      try context.output.write(json: json)
    } else {
      try context.output.write(Self.summary(reply))
    }
    return try Self.tellRefusals(in: [json], context).first ?? .done
  }

  /// Says what running guests have refused; a failure for each that has.
  static func tellRefusals(in replies: [JSONValue], _ context: Context) throws -> [ExitCode] {
    try replies.compactMap { json in
      let reply = try VMReply(json: json)
      guard let refusal = reply.refusal else { return nil }
      let words = Printable.line(refusal)
      context.diagnostics.note(
        "\(reply.name): the change is kept for the next start, and its guest runs as before: \(words)\n")
      return .failed
    }
  }

  private static let patience: Duration = .seconds(30)

  /// What was done at once, and what waits.
  static func summary(_ reply: VMReply) -> String {
    let done = reply.actions.isEmpty ? "is as asked for already" : "updated"
    // What waits is told as that alone.
    let differences = reply.pending.isEmpty ? reply.differences : reply.applied
    let changes = differences.map { "  \(Printable.line($0))\n" }
    let waiting = reply.pending.map { "  waits for the next start: \(Printable.line($0))\n" }
    return "\(reply.name): \(done)\n" + (changes + waiting).joined()
  }
}
