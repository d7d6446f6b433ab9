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
    "The change is kept. What a running guest cannot take waits for its next start, and is named. A list, such as "
      + "the disks, takes the place of the whole list before.",
    "A VM of a lab file takes its file's definition again at the next 'qemuvm up'.",
  ]
  static let examples = ["qemuvm update web --memory 2G", "qemuvm update web --cpus 4 --memory-per-cpu 512M"]
  static let arguments = [VMSelection.one]
  static let options: [any DeclaredOption] =
    SettingOption.options + [CommonOptions.file, CommonOptions.timeout, CommonOptions.json]
  static let exitCodes = ExitCode.allCases

  private let query: Query
  private let settings: Settings
  private let timeout: Duration
  private let isJSON: Bool

  init(_ given: GivenArguments) throws(UsageError) {
    query = Query(selection: VMSelection(given), verb: Self.name)
    settings = try SettingOption.settings(in: given, verb: Self.name)
    timeout = given[CommonOptions.timeout] ?? Query.deadline
    isJSON = given[CommonOptions.json]
    guard settings != Settings() else {
      throw UsageError(.combination("nothing to change is given"), verb: Self.name)
    }
  }

  func run(_ context: Context) throws -> ExitCode {
    let settings = settings.anchored(in: FileSystem.currentDirectory).json
    let reply = try query.reply(context, deadline: timeout) { .update(name: $0, settings: settings) }
    if isJSON {
      try context.output.write(json: reply)
    } else {
      try context.output.write(Self.summary(try VMReply(json: reply)))
    }
    return .done
  }

  /// What was done at once, and what waits.
  static func summary(_ reply: VMReply) -> String {
    let done = reply.actions.isEmpty ? "is as asked for already" : "updated"
    // What waits is told as that alone.
    let differences = reply.pending.isEmpty ? reply.differences : []
    let changes = differences.map { "  \(Printable.line($0))\n" }
    let waiting = reply.pending.map { "  waits for the next start: \(Printable.line($0))\n" }
    return "\(reply.name): \(done)\n" + (changes + waiting).joined()
  }
}
