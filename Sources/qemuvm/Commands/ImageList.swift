internal import Control
internal import JSON

/// `qemuvm image ls`: the images of the store, one a line.
struct ImageList: Verb {
  static let name = "image ls"
  static let group = VerbGroup.images
  static let summary = "List the images of the store"
  static let examples = ["qemuvm image ls", "qemuvm image ls --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try SupervisorConnector(context: context).ask(.queryImages, deadline: Query.deadline)
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let images = try (reply.array ?? []).map { try ImageReport(json: $0) }
      try context.output.write(Self.table(images).text(context.outputStyle))
    }
    return .done
  }

  static func table(_ images: [ImageReport]) -> Table {
    var table = Table([
      ("NAME", .left), ("FORMAT", .left), ("SIZE", .right), ("ADDED", .left), ("SHA-256", .left),
    ])
    for image in images {
      table.add([
        Table.Cell(Printable.line(image.name)), Table.Cell(Printable.line(image.format)),
        Table.Cell(Quantity.bytes(UInt64(max(0, image.sizeBytes)))),
        Table.Cell(Printable.line(image.addedAt)), Table.Cell(Printable.line(image.sha256)),
      ])
    }
    return table
  }
}
