internal import Control
internal import JSON

/// A question to the supervisor about one VM.
struct Query {
  /// How long the supervisor may take to answer what it knows by heart.
  static let deadline: Duration = .seconds(10)

  private let selection: VMSelection
  private let verb: String

  /// The VM where nobody has to look for it.
  private let known: VMReference?

  init(selection: VMSelection, verb: String) {
    (self.selection, self.verb, known) = (selection, verb, nil)
  }

  /// About a VM that no lab file at hand may mean another by.
  init(_ vm: VMReference, verb: String) {
    (selection, self.verb, known) = (VMSelection(names: [vm.name], files: []), verb, vm)
  }

  /// The VM as the supervisor finds it: with its lab where the lab file at hand has it.
  func reference(_ context: Context) throws -> VMReference {
    try known ?? selection.one(in: context, verb: verb)
  }

  /// All that the supervisor tells of the VM.
  func vm(_ context: Context) throws -> VMDetails {
    try VMDetails(json: try reply(context) { .queryVM(name: $0) })
  }

  /// The reply to a request about the VM.
  func reply(
    _ context: Context, deadline: Duration? = Query.deadline, _ request: (VMReference) -> ControlRequest
  ) throws -> JSONValue {
    let vm = try reference(context)
    return try SupervisorConnector(context: context).ask(request(vm), about: vm.name, deadline: deadline)
  }
}

extension ControlClient {
  /// Performs a request about one VM, with the VM named in what goes wrong.
  func ask(
    _ request: ControlRequest, about name: String, deadline: Duration?
  ) throws(CommandFailure) -> JSONValue {
    do throws(ControlError) {
      return try perform(request, deadline: deadline)
    } catch {
      throw CommandFailure(error, subject: name)
    }
  }
}
