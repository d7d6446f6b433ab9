internal import Control
internal import Glibc
internal import Host
internal import Machine

/// `qemuvm ssh`: a shell in the guest, or a command there.
struct SSH: Verb {
  static let name = "ssh"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Log in to a guest by ssh, or run a command there"
  static let discussion = [
    "It needs a guest with the key cloudInit, or ssh, and a card on the network 'user'. The guest is known by the key "
      + "that qemuvm has given it: nothing is to be accepted.",
    "One word behind -- is a line for the guest's shell; several are a command with its arguments, which reach it as they "
      + "are. Input, outputs and the exit code are the command's own, with a terminal where there is one; 255 says that "
      + "ssh itself has failed.",
  ]
  static let examples = [
    "qemuvm ssh web", "qemuvm ssh web -- systemctl status nginx", "qemuvm ssh web -- 'cat /var/log/*.log'",
    "tar c . | qemuvm ssh web -- tar x -C /tmp",
  ]
  static let arguments = [
    VMSelection.one, ArgumentDeclaration("CMD", .any, help: "Behind --: a command to run in the guest."),
  ]
  private static let user = ValueOption("user", short: "l", "NAME", .text, help: "Who logs in.")
  private static let timeout = ValueOption(
    "timeout", "T", .duration, help: "How long the guest's sshd may take to answer (default: 10s).")
  static let options: [any DeclaredOption] = [user, timeout, CommonOptions.file]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let query: Query
  private let command: [String]
  private let user: String?
  private let timeout: Duration

  init(_ given: GivenArguments) {
    query = Query(
      selection: VMSelection(names: Array(given.words.prefix(1)), files: given[CommonOptions.file]),
      verb: Self.name)
    command = Array(given.words.dropFirst())
    user = given[Self.user]
    timeout = given[Self.timeout] ?? .seconds(10)
  }

  func run(_ context: Context) throws -> ExitCode {
    let vm = try query.vm(context)
    let label = "\(vm.name)"
    let (access, port) = try Self.access(vm, label)
    let program = try Self.program(label, context)
    try awaitGreeting(access, port, label)
    let words = try Self.words(to: vm, user: user, command)
    throw CommandFailure(.failed, label, "\(try HostProgram.become(program, words))")
  }

  /// The host's `ssh`.
  static func program(_ label: String, _ context: Context) throws(CommandFailure) -> String {
    if let program = HostProgram.find("ssh", in: context) { return program }
    throw CommandFailure(
      .failed, label, "'ssh' is not found in PATH",
      hints: ["The package openssh-client has it (on Fedora openssh-clients)."])
  }

  /// The words behind `ssh` that run a command in a guest, or a shell.
  static func words(
    to vm: VMDetails, user: String?, _ command: [String]
  ) throws(CommandFailure) -> [String] {
    let (access, _) = try access(vm, "\(vm.name)")
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    var words = SSHOptions(access, of: vm.name).arguments
    if let user { words += ["-l", user] }
    // Without a command it asks for a terminal by itself.
    if isTerminal, !command.isEmpty { words.append("-t") }
    words += ["--", access.host]
    switch command.count {
    case 0: break
    case 1: words.append(command[0])
    default: words.append(ShellText.quote(command))
    }
    return words
  }

  /// The way in of a guest that runs.
  private static func access(_ vm: VMDetails, _ label: String) throws(CommandFailure) -> (VMDetails.SSH, Int)
  {
    let state = Printable.line(vm.status.state.text)
    switch vm.status.state.known {
    case .running, nil: break
    case .paused:
      throw CommandFailure(
        .failed, label, "cannot be reached by ssh: it is paused",
        hints: ["'qemuvm unpause \(label)' lets it go on."])
    case .stopped, .failed, .backoff:
      throw CommandFailure(
        .failed, label, "cannot be reached by ssh: it is \(state)",
        hints: ["'qemuvm start \(label)' starts it."])
    case .waiting, .starting, .stopping:
      throw CommandFailure(
        .failed, label, "cannot be reached by ssh: it is \(state)",
        hints: ["'qemuvm status \(label)' shows why."])
    }
    guard let access = vm.ssh, let port = access.port else {
      throw CommandFailure(
        .failed, label, "no ssh leads into it",
        hints: [
          "It needs the key cloudInit, or ssh: true for a guest that has its keys from elsewhere, and a card on the "
            + "network 'user'; they count from the next start."
        ])
    }
    return (access, port)
  }

  /// Returns when the guest's sshd has answered.
  private func awaitGreeting(_ access: VMDetails.SSH, _ port: Int, _ label: String) throws(CommandFailure) {
    let later = [
      "'qemuvm logs \(label) --tail 20' shows how far its guest has come."
    ]
    let greeting: SSHGreeting
    do throws(SystemError) {
      greeting = try SSHGreeting.wait(at: access.host, port: port, until: .now + timeout)
    } catch {
      throw CommandFailure(.failed, label, "cannot be reached by ssh at \(access.host):\(port): \(error)")
    }
    switch greeting {
    case .answered: return
    case .closed:
      throw CommandFailure(.failed, label, "no sshd answers in its guest yet", hints: later)
    case .silent:
      throw CommandFailure(
        .failed, label, "its guest has not answered within \(TimeText.text(timeout))", hints: later)
    case .foreign:
      throw CommandFailure(
        .failed, label, "what answers at \(access.host):\(port) is no sshd",
        hints: ["The port leads to the guest's port 22."])
    }
  }
}
