internal import Control
internal import JSON

/// `qemuvm disk ls`: the disks that qemuvm has made, one a line.
struct DiskList: Verb {
  static let name = "disk ls"
  static let group = VerbGroup.images
  static let summary = "List the disks that qemuvm has made, also of VMs that are gone"
  static let discussion = [
    "USE is 'running' where a process has the disk open, 'defined' where it is in a VM's definition, and '-' where "
      + "nothing needs it but the next 'qemuvm up' of that VM."
  ]
  static let examples = ["qemuvm disk ls", "qemuvm disk ls --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  /// The disks of all VMs are looked at.
  private static let patience: Duration = .seconds(30)

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try SupervisorConnector(context: context).ask(.queryDisks, deadline: Self.patience)
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let disks = try (reply.array ?? []).map { try DiskReport(json: $0) }
      try context.output.write(Self.table(disks).text(context.outputStyle))
    }
    return .done
  }

  static func table(_ disks: [DiskReport]) -> Table {
    var table = Table([
      ("VM", .left), ("DISK", .left), ("SIZE", .right), ("USED", .right), ("USE", .left),
      ("STANDS ON", .left),
    ])
    for disk in disks {
      table.add([
        Table.Cell(Printable.line("\(disk.vm)")), Table.Cell(Printable.line(disk.disk)),
        Table.Cell(Quantity.bytes(UInt64(max(0, disk.sizeBytes)))),
        Table.Cell(Quantity.bytes(UInt64(max(0, disk.usedBytes)))),
        Table.Cell(disk.use.known == DiskReport.Use.none ? "-" : Printable.line(disk.use.text)),
        Table.Cell(Printable.line(disk.fault ?? disk.image ?? disk.base ?? "-")),
      ])
    }
    return table
  }
}
