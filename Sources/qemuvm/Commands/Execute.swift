internal import Control
internal import JSON

/// `qemuvm qmp`: any QMP command on a VM's monitor.
struct Execute: Verb {
  static let name = "qmp"
  static let group = VerbGroup.look
  static let summary = "Run any QMP command on a VM"
  static let discussion = [
    "It prints what the command returns, as JSON. An error of QEMU's is shown with its class and words, exit code 1."
  ]
  static let examples = [
    "qemuvm qmp web query-status",
    "qemuvm qmp web human-monitor-command '{\"command-line\": \"info registers\"}'",
  ]
  static let arguments = [
    VMSelection.one,
    ArgumentDeclaration("COMMAND", .one, help: "The command, as query-status."),
    ArgumentDeclaration("JSON", .optional, help: "Its arguments, an object; JSON5 is understood."),
  ]
  static let options: [any DeclaredOption] = [CommonOptions.file, CommonOptions.timeout]
  static let exitCodes = ExitCode.allCases

  private let query: Query
  private let command: JSONObject
  private let title: String
  private let timeout: Duration?

  init(_ given: GivenArguments) throws(UsageError) {
    let words = given.words
    query = Query(
      selection: VMSelection(names: [words[0]], files: given[CommonOptions.file]), verb: Self.name)
    title = words[1]
    var command: JSONObject = ["execute": .string(title)]
    if words.count > 2 { command["arguments"] = .object(try Self.arguments(words[2])) }
    self.command = command
    timeout = given[CommonOptions.timeout]
  }

  private static func arguments(_ text: String) throws(UsageError) -> JSONObject {
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONValue(parsing: text, dialect: .json5)
    } catch {
      throw UsageError(.combination("JSON: \(error)"), verb: name)
    }
    guard let object = value.object else {
      throw UsageError(.combination("JSON: the arguments are an object, as {\"id\": \"d0\"}"), verb: name)
    }
    return object
  }

  func run(_ context: Context) throws -> ExitCode {
    let vm = try query.reference(context)
    let request = ControlRequest.execute(name: vm, command: command, timeout: timeout)
    // The supervisor keeps the deadline of the command itself; ours is for a supervisor that does not.
    let deadline = timeout.map { $0 + Query.deadline }
    let reply: JSONValue
    do {
      reply = try SupervisorConnector(context: context).perform(request, deadline: deadline)
    } catch let error as ControlError {
      throw CommandFailure(error, subject: vm.name, command: title)
    }
    try context.output.write(json: reply)
    return .done
  }
}
