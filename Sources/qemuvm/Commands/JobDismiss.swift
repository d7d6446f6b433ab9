internal import Control

/// `qemuvm job dismiss`: forgets a job that is concluded.
struct JobDismiss: Verb {
  static let name = "job dismiss"
  static let group = VerbGroup.images
  static let summary = "Forget a job that is concluded"
  static let examples = ["qemuvm job dismiss 7"]
  static let arguments = [Jobs.id]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let id: String

  init(_ given: GivenArguments) {
    id = given.words[0]
  }

  func run(_ context: Context) throws -> ExitCode {
    _ = try SupervisorConnector(context: context).ask(.jobDismiss(id: id), deadline: Query.deadline)
    return .done
  }
}
