internal import Control
internal import JSON

/// `qemuvm image add`: takes a file into the image store.
struct ImageAdd: Verb {
  static let name = "image add"
  static let group = VerbGroup.images
  static let farPart = FarPart.wholeVerb
  static let summary = "Take a file into the image store"
  static let discussion = [
    "The store has a copy of its own, which shares the file's blocks where the file system can, and is never written "
      + "to. An image that needs another file is refused.",
    "It is a job: Ctrl-C ends this command alone, and 'qemuvm job cancel' ends the job.",
  ]
  static let examples = ["qemuvm image add debian-12.qcow2", "qemuvm image add disk.img --name web-base"]
  static let arguments = [ArgumentDeclaration("FILE", .one, help: "The image's file.", completion: .files)]
  private static let imageName = ValueOption(
    "name", "N", .text,
    help: "The image's name in the store (default: the file's, without .qcow2 and its like).")
  static let options: [any DeclaredOption] = [imageName, CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let file: String
  private let imageName: String?
  private let isJSON: Bool

  init(_ given: GivenArguments) {
    file = given.words[0]
    imageName = given[Self.imageName]
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let request = ControlRequest.imageAdd(file: context.absolute(file), name: imageName)
    let job = try JobFollower(context: context, label: imageName ?? file).run(request)
    let result = JSONValue.object(job.result ?? [:])
    if isJSON {
      try context.output.write(json: result)
    } else {
      let image = try ImageReport(json: result)
      let size = Quantity.bytes(UInt64(max(0, image.sizeBytes)))
      try context.output.write("\(image.name): added (\(image.format), \(size), SHA-256 \(image.sha256))\n")
    }
    return .done
  }
}
