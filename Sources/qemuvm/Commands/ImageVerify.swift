internal import Control
internal import JSON

/// `qemuvm image verify`: reads images again, and compares them with their checksums.
struct ImageVerify: Verb {
  static let name = "image verify"
  static let group = VerbGroup.images
  static let summary = "Read images of the store again, and compare them with their checksums"
  static let discussion = [
    "It is a job: Ctrl-C ends this command alone, and 'qemuvm job cancel' ends the job."
  ]
  static let examples = ["qemuvm image verify", "qemuvm image verify debian-12"]
  static let arguments = [
    ArgumentDeclaration(
      "NAME", .optional, help: "The image's name in the store; none means all.", completion: .images)
  ]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let imageName: String?

  init(_ given: GivenArguments) {
    imageName = given.words.first
  }

  func run(_ context: Context) throws -> ExitCode {
    let follower = JobFollower(context: context, label: imageName ?? "the image store")
    let job = try follower.run(.imageVerify(name: imageName))
    for name in (job.result?["images"]?.array ?? []).compactMap(\.string) {
      try context.output.write("\(Printable.line(name)): as it was added\n")
    }
    return .done
  }
}
