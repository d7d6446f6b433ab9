internal import Control
internal import Host
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
      try context.output.write(Self.text(try SupervisorReport(json: reply)))
    }
    return .done
  }

  static func text(_ report: SupervisorReport) -> String {
    let since = report.startedAt?.rfc3339 ?? "an unknown time"
    return """
      supervisor \(Printable.line(report.version)), PID \(report.pid)
        since \(since), with \(report.vms) \(report.vms == 1 ? "VM" : "VMs")

      """ + folders(report)
  }

  /// Where it keeps what; one of an earlier version does not tell.
  private static func folders(_ report: SupervisorReport) -> String {
    let rows = [
      ("state", report.stateDirectory), ("runtime", report.runtimeDirectory),
      ("configuration", report.configurationDirectory),
    ]
    return rows.compactMap { label, folder in folder.map { "  \(label) in \(Printable.line($0))\n" } }
      .joined()
  }
}
