internal import Dispatch
internal import Glibc
internal import Host
internal import Machine

/// A verb that runs on another host as a whole, by ssh(1), with the streams and the terminal of this process.
struct FarVerb: Sendable {
  let host: FarHost
  let verb: any Verb.Type
  let given: GivenArguments

  /// Runs it to its end; its exit code is the verb's.
  ///
  /// VMs are named as the lab file here names them: the other host has none at hand.
  func run(_ context: Context) throws -> Int32 {
    guard let ssh = HostProgram.find("ssh", in: context) else { throw FarConnection.sshMissing }
    let isTerminal = isatty(STDIN_FILENO) == 1 && context.output.isTerminal
    var launch = ChildProcess.Launch(
      program: ssh, arguments: host.arguments(running: try words(context), onTerminal: isTerminal))
    launch.descriptors = [0: STDIN_FILENO, 1: STDOUT_FILENO, 2: STDERR_FILENO]
    launch.hasOwnSession = false
    let process = try ChildProcess(launch)
    // Whoever ends this command means what it does over there.
    let watch = SignalWatch(
      [SIGTERM, SIGINT, SIGHUP], queue: DispatchQueue(label: "signals"), handler: { process.signal($0) })
    defer { withExtendedLifetime(watch) {} }
    switch process.wait() {
    // A command in a guest may end with any.
    case .code(let code) where verb.name == SSH.name: return code
    case .code(FarConnection.sshFailed):
      throw CommandFailure(.noSupervisor, "\(host)", "ssh has failed", hints: ["It has said why."])
    case .code(FarConnection.notFound): throw FarConnection.programMissing(host)
    case .code(let code): return code
    case .signal(let number): return 128 + number
    case .unknown: return ExitCode.failed.rawValue
    }
  }

  /// The line for the other host: options first, then the words as they are.
  func words(_ context: Context) throws -> [String] {
    let options = given.written.filter {
      $0.name != CommonOptions.host.declaration.name
        && $0.name != CommonOptions.file.declaration.name
    }
    let files = given[CommonOptions.file]
    let outline = try CurrentLab.find(files, in: context)?.outline()
    let words = given.words.enumerated().flatMap { index, word -> [String] in
      let argument = verb.arguments.isEmpty ? nil : verb.arguments[min(index, verb.arguments.count - 1)]
      guard let argument, argument.completion == .vms || argument.completion == .vmsAndLabs, let outline
      else { return [word] }
      let vms = outline.vms(called: word)
      return vms.isEmpty ? [word] : vms.map { "\(outline.lab)/\($0)" }
    }
    let line = ["qemuvm"] + verb.name.split(separator: " ").map(String.init) + options.flatMap(\.words)
    return words.isEmpty ? line : line + ["--"] + words
  }
}
