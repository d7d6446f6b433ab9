internal import Control
internal import JSON

/// `qemuvm supervisor status`: who owns the VMs.
struct SupervisorStatus: Verb {
  static let name = "supervisor status"
  static let group = VerbGroup.supervisor
  static let summary = "Show the supervisor that runs"
  static let discussion = ["None is started: exit code 5 says that none runs."]
  static let examples = ["qemuvm supervisor status --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let client = try SupervisorConnector(context: context).connectToRunning()
    let reply: JSONValue
    do throws(ControlError) {
      reply = try client.perform(.querySupervisor, deadline: Query.deadline)
    } catch {
      throw CommandFailure(error, subject: nil)
    }
    if isJSON {
      try context.output.write(json: reply)
    } else {
      try context.output.write(Self.text(reply))
    }
    return .done
  }

  static func text(_ reply: JSONValue) -> String {
    let vms = reply["vms"]?.int ?? 0
    return """
      supervisor \(reply["version"]?.string ?? "of unknown version"), PID \(reply["pid"]?.int ?? 0)
        since \(reply["startedAt"]?.string ?? "an unknown time"), with \(vms) \(vms == 1 ? "VM" : "VMs")

      """ + folders(reply)
  }

  /// Where it keeps what; one of an earlier version does not tell.
  private static func folders(_ reply: JSONValue) -> String {
    let rows = [
      ("state", "stateDirectory"), ("runtime", "runtimeDirectory"),
      ("configuration", "configurationDirectory"),
    ]
    return rows.compactMap { label, key in
      reply[key]?.string.map { "  \(label) in \(Printable.line($0))\n" }
    }.joined()
  }
}
