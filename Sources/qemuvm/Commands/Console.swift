internal import Control
internal import Glibc
internal import Host
internal import JSON

/// `qemuvm console`: the guest's serial console.
struct Console: Verb {
  static let name = "console"
  static let group = VerbGroup.look
  static let summary = "Talk to a VM's serial console"
  static let discussion = [
    "Ctrl-] leaves; every other key goes to the guest. Several people can be on one console at the same time. What "
      + "the guest wrote before is in 'qemuvm logs'.",
    "Where stdin is no terminal, its bytes go to the console as they are, Ctrl-] too. At its end the console's output "
      + "is printed until the VM ends.",
  ]
  static let examples = ["qemuvm console web", "echo poweroff | qemuvm console web"]
  static let arguments = [VMSelection.one]
  static let options: [any DeclaredOption] = [CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let query: Query

  init(_ given: GivenArguments) {
    query = Query(selection: VMSelection(given), verb: Self.name)
  }

  func run(_ context: Context) throws -> ExitCode {
    // Let go at once: the supervisor needs nobody who listens to it and does not.
    let vm = try query.vm(try SupervisorConnector(context: context).connect(), context)
    let label = ReportedVM(vm).displayName
    let end = try talk(try connect(vm, label), label, context)
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal {
      context.diagnostics.note(
        "\n\(label): \(end == .left ? "left the console" : "the console has closed")\n")
    }
    return .done
  }

  private func connect(_ vm: JSONObject, _ label: String) throws -> FileDescriptor {
    let state = ReportedVM(vm).stateWord
    guard let path = vm["consoleSocket"]?.string else {
      throw CommandFailure(.failed, label, "has no console: it is \(state)")
    }
    do throws(SystemError) {
      return try UnixSocket.connect(to: path)
    } catch {
      let isAbsent = error.code == ENOENT || error.code == ECONNREFUSED
      let reason = isAbsent ? "has no console now: it is \(state)" : "cannot reach its console: \(error)"
      throw CommandFailure(.failed, label, reason)
    }
  }

  private func talk(
    _ socket: consuming FileDescriptor, _ label: String, _ context: Context
  ) throws(SystemError) -> ConsoleBridge.End {
    guard isatty(STDIN_FILENO) == 1 else {
      var bridge = ConsoleBridge(
        input: STDIN_FILENO, output: context.output, socket: socket.rawValue, escape: nil)
      return try bridge.run()
    }
    context.diagnostics.note("\(label): console, Ctrl-] leaves\n")
    let terminal = try RawTerminal(STDIN_FILENO)
    defer { withExtendedLifetime(terminal) {} }
    var bridge = ConsoleBridge(
      input: STDIN_FILENO, output: context.output, socket: socket.rawValue, escape: ConsoleBridge.escapeKey)
    return try bridge.run()
  }
}
