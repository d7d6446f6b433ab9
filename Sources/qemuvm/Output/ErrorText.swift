internal import Control
internal import Host
internal import JSON
internal import Machine

/// What an error that ends the command is to a person, and to a script.
enum ErrorText {
  static func of(_ error: any Error) -> (text: String, code: ExitCode) {
    switch error {
    case let error as UsageError: (usage(error), .usage)
    case let error as CommandFailure: (error.text, error.code)
    // A line a problem, each with its own place: nothing stands in front.
    case let error as DefinitionError: (error.problems.map { "\($0)\n" }.joined(), .usage)
    case let error as ControlError: failure(CommandFailure(error, subject: nil))
    case let error as SystemError:
      failure(CommandFailure(.failed, error.subject, "\(error.reason) (\(error.call))"))
    case let error as JSONTypeError:
      failure(CommandFailure(.failed, nil, "the supervisor's reply cannot be read: \(error)"))
    default: failure(CommandFailure(.failed, nil, "\(error)"))
    }
  }

  private static func failure(_ failure: CommandFailure) -> (text: String, code: ExitCode) {
    (failure.text, failure.code)
  }

  private static func usage(_ error: UsageError) -> String {
    let help = error.verb.map { "'qemuvm \($0) --help'" } ?? "'qemuvm --help'"
    let subject = error.verb.map { "qemuvm \($0)" }
    let hints = [error.hint, "See \(help)."].compactMap { $0 }
    return CommandFailure(.usage, subject, error.message, hints: hints).text
  }
}
