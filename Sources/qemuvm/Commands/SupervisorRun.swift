internal import Dispatch
internal import Glibc
internal import Host
internal import Supervisor

/// `qemuvm supervisor run`: the supervisor itself, in the foreground.
struct SupervisorRun: Verb {
  static let name = "supervisor run"
  static let group = VerbGroup.supervisor
  static let farPart = FarPart.none
  static let summary = "Be the supervisor, in the foreground"
  static let discussion = [
    "It owns the VMs until SIGTERM or 'qemuvm supervisor stop', and takes over from one that a command has started. "
      + "Its end leaves guests running. Every command that needs one starts one in the background, which leaves after a "
      + "minute in which no VM has a process or a pending start."
  ]
  static let examples = ["qemuvm supervisor run"]
  static let options: [any DeclaredOption] = [readyDescriptor]

  private static let readyDescriptor = ValueOption(
    "ready-fd", "N", .number(3...Int(Int32.max)), help: "Write 'ok' to this descriptor when it listens.")

  private let readyDescriptor: Int32?

  init(_ given: GivenArguments) {
    readyDescriptor = given[Self.readyDescriptor].flatMap(Int32.init(exactly:))
  }

  /// Never returns: the supervisor ends the process.
  func run(_ context: Context) throws -> ExitCode {
    let number = readyDescriptor
    Heap.useOneArena()
    DefaultExecutor.useSharedQueues()
    Task {
      let ready = number.map { FileDescriptor(owning: $0) }
      do throws(SupervisorProcess.Failure) {
        try await SupervisorProcess.run(
          locations: context.locations, environment: context.environment, readyDescriptor: ready)
      } catch {
        let failure = CommandFailure(.failed, nil, error.description)
        context.diagnostics.note(failure.text)
        exit(failure.code.rawValue)
      }
    }
    dispatchMain()
  }
}
