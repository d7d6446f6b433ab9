internal import Control
internal import JSON

/// `qemuvm jobs`: long work, one job a line.
struct Jobs: Verb {
  static let name = "jobs"
  static let group = VerbGroup.images
  static let summary = "List the jobs: long work under way, and what came of it"
  static let discussion = [
    "A job goes on when the command that began it has ended. Its end is kept for a week, of the last hundred, unless "
      + "'qemuvm job dismiss' forgets it before.",
    "The jobs of a VM's own QEMU are listed behind qemuvm's; 'qemuvm qmp VM job-cancel' ends one of those.",
  ]
  static let examples = ["qemuvm jobs", "qemuvm jobs --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try SupervisorConnector(context: context).ask(.queryJobs(), deadline: Query.deadline)
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let jobs = try (reply.array ?? []).map { try JobReport(json: $0) }
      try context.output.write(Self.table(jobs).text(context.outputStyle))
    }
    return .done
  }

  static func table(_ jobs: [JobReport]) -> Table {
    var table = Table([
      ("ID", .left), ("TYPE", .left), ("ABOUT", .left), ("STATUS", .left), ("PROGRESS", .left),
      ("ERROR", .left),
    ])
    for job in jobs {
      let vm = job.vm.map { name in job.lab.map { "\($0)/\(name)" } ?? name }
      table.add([
        Table.Cell(Printable.line(job.id)), Table.Cell(Printable.line(job.type)),
        Table.Cell(Printable.line(job.subject ?? vm ?? "")), Table.Cell(job.status.rawValue),
        Table.Cell(job.status.isOver ? "" : JobDisplay.progress(job) ?? ""),
        Table.Cell(Printable.line(job.error?.split(separator: "\n").first.map(String.init) ?? "")),
      ])
    }
    return table
  }

  /// The argument of the verbs about one job.
  static let id = ArgumentDeclaration(
    "ID", .one, help: "The job's id, as 'qemuvm jobs' lists it.", completion: .jobs)
}
