internal import Control
internal import Glibc
internal import Host
internal import Machine

/// The program: reads the command line, runs one verb, and ends with its exit code.
@main struct QEMUVM {
  static func main() {
    occupyStandardStreams()
    let context = Context(environment: ChildProcess.environment)
    let code = run(Array(words.dropFirst()), context)
    FarConnection.endAll()
    exit(code.rawValue)
  }

  /// Takes the numbers of streams that are closed, as by `>&-`: a socket that was opened in their place would be given
  /// what is meant for a person.
  ///
  /// What is written there fails, as it would have.
  private static func occupyStandardStreams() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// The command line, the program first.
  ///
  /// Under a preloaded library, such as libfaketime, Swift's runtime finds none; the kernel has it.
  private static var words: [String] {
    let words = CommandLine.arguments
    return words.isEmpty ? ProcessTable.arguments(pid: getpid()) ?? [] : words
  }

  private static func run(_ verb: any Verb, _ far: FarVerb, _ context: Context) throws -> ExitCode {
    guard type(of: verb).farPart == .wholeVerb else {
      var context = context
      context.far = far.host
      return try verb.run(context)
    }
    // The exit code may be a command's in a guest, which is none of ours.
    exit(try far.run(context))
  }

  private static func run(_ line: [String], _ context: Context) -> ExitCode {
    do {
      switch try Invocation(
        line, verbs: VerbTable.verbs, hidden: VerbTable.hidden, host: context.environment["QEMUVM_HOST"])
      {
      case .run(let verb): return try verb.run(context)
      case .runFar(let verb, let far): return try run(verb, far, context)
      case .help(let verb?): try context.output.write(HelpText.verb(verb))
      case .help(nil): try context.output.write(HelpText.program(VerbTable.verbs))
      case .helpOfNoun(let noun): try context.output.write(HelpText.noun(noun, VerbTable.verbs))
      case .version: try context.output.write("qemuvm \(qemuvmVersion)\n")
      }
      return .done
    } catch let error as SystemError where error.code == EPIPE {
      // Whoever read our output has had enough of it.
      return .failed
    } catch {
      let (text, code) = ErrorText.of(error)
      context.diagnostics.note(text)
      return code
    }
  }
}
