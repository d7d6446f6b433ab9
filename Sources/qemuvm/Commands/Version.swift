internal import Control
internal import JSON

/// `qemuvm version`: the version of this program and of the supervisor that runs.
struct Version: Verb {
  static let name = "version"
  static let group = VerbGroup.supervisor
  static let summary = "Show the versions of this program and of the supervisor"
  static let examples = ["qemuvm version", "qemuvm version --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) async throws -> ExitCode {
    let supervisor = try await SupervisorConnector(context: context).connectIfRunning()?.serverVersion
    if isJSON {
      let version: JSONObject = [
        "version": .string("\(qemuvmVersion)"), "supervisor": supervisor.map(JSONValue.string) ?? .null,
      ]
      try context.output.write(json: .object(version))
    } else {
      try context.output.write(
        "qemuvm \(qemuvmVersion)\n"
          + (supervisor.map { "supervisor \($0)\n" } ?? "no supervisor is running\n"))
    }
    return .done
  }
}
