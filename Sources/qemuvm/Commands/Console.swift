internal import Control
internal import Glibc
internal import Host

/// `qemuvm console`: the guest's serial console.
struct Console: Verb {
  static let name = "console"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Talk to a VM's serial console"
  static let discussion = [
    "Ctrl-] leaves, or the key that --escape names; every other key goes to the guest. Several people can be on one "
      + "console at the same time. What the guest wrote before is in 'qemuvm logs'.",
    "Where stdin is no terminal, its bytes go to the console as they are, Ctrl-] too. At its end the console's output "
      + "is printed until the VM ends.",
  ]
  static let examples = [
    "qemuvm console web", "qemuvm console web --escape ^A", "echo poweroff | qemuvm console web",
  ]
  static let arguments = [VMSelection.one]
  private static let escape = ValueOption(
    "escape", short: "e", "KEY", .escapeKey, help: "The key that leaves, as ^A, or none (default: ^]).")
  private static let port = ValueOption(
    "port", "N", .number(1...4), help: "The serial port of a VM with several (default: 1, the console).")
  static let options: [any DeclaredOption] = [escape, port, CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let query: Query
  private let escape: EscapeKey
  private let port: Int

  init(_ given: GivenArguments) {
    query = Query(selection: VMSelection(given), verb: Self.name)
    escape = given[Self.escape] ?? .standard
    port = given[Self.port] ?? 1
  }

  /// That of a VM, for another verb.
  init(_ vm: VMReference) {
    query = Query(vm, verb: Self.name)
    escape = .standard
    port = 1
  }

  func run(_ context: Context) throws -> ExitCode {
    // Let go at once: the supervisor needs nobody who listens to it and does not.
    let vm = try query.vm(context)
    let label = "\(vm.name)"
    let end = try talk(try connect(vm, label), label, context)
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal {
      if context.output.isTerminal, context.environment["TERM"] != "dumb" {
        try context.output.write(Self.restoration)
      }
      context.diagnostics.note(
        "\n\(label): \(end == .left ? "left the console" : "the console has closed")\n")
    }
    return .done
  }

  /// What a guest may have left switched: no attributes, the cursor shown, long lines wrapped, ASCII's letters.
  private static let restoration = "\u{1B}[0m\u{1B}[?25h\u{1B}[?7h\u{1B}(B"

  private func connect(_ vm: VMDetails, _ label: String) throws -> FileDescriptor {
    let state = Printable.line(vm.status.state.text)
    let next = vm.status.state.known.map { Self.nextStep($0, label) } ?? []
    guard let path = try socket(vm, label) else {
      throw CommandFailure(.failed, label, "has no console: it is \(state)", hints: next)
    }
    do throws(SystemError) {
      return try UnixSocket.connect(to: path)
    } catch {
      let isAbsent = error.code == ENOENT || error.code == ECONNREFUSED
      let reason = isAbsent ? "has no console now: it is \(state)" : "cannot reach its console: \(error)"
      throw CommandFailure(.failed, label, reason, hints: isAbsent ? next : [])
    }
  }

  /// The path of the port's socket; nil while the VM has no process.
  private func socket(_ vm: VMDetails, _ label: String) throws(CommandFailure) -> String? {
    // A supervisor of an earlier version names the console alone.
    guard let ports = vm.serialPorts else { return vm.status.consoleSocket }
    guard let found = ports.first(where: { $0.port == port }) else {
      let count =
        ports.count == 1 ? "one serial port" : "\(ports.isEmpty ? "no" : "\(ports.count)") serial ports"
      throw CommandFailure(
        .failed, label, "has \(count), and no port \(port)", hints: ["The key is serial."])
    }
    return found.socket
  }

  /// What leads to a console.
  private static func nextStep(_ state: VMState, _ label: String) -> [String] {
    switch state {
    case .stopped, .failed, .backoff:
      ["'qemuvm start \(label)' starts it; 'qemuvm logs \(label)' shows what it said."]
    case .waiting, .starting, .running, .paused, .stopping: ["'qemuvm logs \(label)' shows what it said."]
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
    let wayOut = escape.name.map { "\($0) leaves" } ?? "no key leaves; it ends with the VM"
    context.diagnostics.note("\(label): console, \(wayOut)\n")
    let terminal = try RawTerminal(STDIN_FILENO)
    defer { withExtendedLifetime(terminal) {} }
    var bridge = ConsoleBridge(
      input: STDIN_FILENO, output: context.output, socket: socket.rawValue, escape: escape.byte)
    return try bridge.run()
  }
}
