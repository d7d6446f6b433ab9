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

  func run(_ context: Context) throws -> ExitCode {
    let supervisor = supervisor(context)
    if isJSON {
      let version: JSONObject = [
        "version": .string("\(qemuvmVersion)"),
        "supervisor": supervisor.version.map(JSONValue.string) ?? .null,
      ]
      try context.output.write(json: .object(version))
    } else {
      try context.output.write("qemuvm \(qemuvmVersion)\n\(supervisor.words)\n")
    }
    return .done
  }

  /// The supervisor's version, and what to say of it; one that does not answer is no reason to hide our own.
  private func supervisor(_ context: Context) -> (version: String?, words: String) {
    do {
      guard let client = try SupervisorConnector(context: context).connectIfRunning() else {
        return (nil, "no supervisor is running")
      }
      return (client.serverVersion, "supervisor \(client.serverVersion)")
    } catch {
      context.diagnostics.note(ErrorText.of(error).text)
      return (nil, "supervisor unknown")
    }
  }
}
