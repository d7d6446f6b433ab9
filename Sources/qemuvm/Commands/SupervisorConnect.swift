internal import Control
internal import Glibc
internal import Host

/// `qemuvm supervisor connect`: the control socket as standard input and output; `--host` runs it on the other host.
struct SupervisorConnect: Verb {
  static let name = "supervisor connect"
  static let group = VerbGroup.supervisor
  static let summary = "Carry bytes between standard input and output and the control socket"
  static let examples = ["qemuvm supervisor connect"]
  static let options: [any DeclaredOption] = [runningFlag]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]
  static let farPart = FarPart.none

  /// The option by which none is started.
  static let running = "--running"
  private static let runningFlag = Flag("running", help: "Start no supervisor where none runs.")

  private let isRunning: Bool

  init(_ given: GivenArguments) {
    isRunning = given[Self.runningFlag]
  }

  func run(_ context: Context) throws -> ExitCode {
    let connector = SupervisorConnector(context: context)
    // It has greeted; a connection beside it has its greeting still to come, for whoever is at the other end.
    let client = isRunning ? try connector.connectToRunning() : try connector.connect()
    let socket = try UnixSocket.connect(to: client.socketPath)
    withExtendedLifetime(client) {}
    var bridge = ConsoleBridge(
      input: STDIN_FILENO, output: context.output, socket: socket.rawValue, escape: nil, endsWithInput: true)
    _ = try bridge.run()
    withExtendedLifetime(socket) {}
    return .done
  }
}
