internal import Control

/// `qemuvm job cancel`: ends a job before its time.
struct JobCancel: Verb {
  static let name = "job cancel"
  static let group = VerbGroup.images
  static let summary = "End a job before its time"
  static let discussion = [
    "It ends as soon as it can, leaves nothing half done, and is then listed with its error."
  ]
  static let examples = ["qemuvm job cancel 7"]
  static let arguments = [Jobs.id]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let id: String

  init(_ given: GivenArguments) {
    id = given.words[0]
  }

  func run(_ context: Context) throws -> ExitCode {
    _ = try SupervisorConnector(context: context).ask(.jobCancel(id: id), deadline: Query.deadline)
    return .done
  }
}
