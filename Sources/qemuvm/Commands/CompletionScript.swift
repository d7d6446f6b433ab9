/// `qemuvm completion`: the script by which a shell completes its lines.
struct CompletionScript: Verb {
  static let name = "completion"
  static let group = VerbGroup.configure
  static let farPart = FarPart.none
  static let summary = "Print a shell's completion script"
  static let discussion = [
    "It completes commands, options, and the names of VMs, labs, profiles, networks, images and jobs that there are at "
      + "that moment; for that it asks a supervisor that runs, and never starts one.",
    "bash: '. <(qemuvm completion bash)' in ~/.bashrc. zsh: the same with zsh in ~/.zshrc, behind compinit. fish: the "
      + "script as ~/.config/fish/completions/qemuvm.fish.",
  ]
  static let examples = ["qemuvm completion bash", "qemuvm completion fish > qemuvm.fish"]
  static let arguments = [
    ArgumentDeclaration(
      "SHELL", .one, help: "The shell: bash, zsh or fish.", choices: Shell.allCases.map(\.rawValue))
  ]

  private let shell: Shell

  init(_ given: GivenArguments) throws(UsageError) {
    let word = given.words[0]
    guard let shell = Shell(rawValue: word) else {
      throw UsageError(
        .valueInvalid(
          of: "SHELL", text: word,
          reason: "is none of \(Shell.allCases.map(\.rawValue).joined(separator: ", "))"), verb: Self.name)
    }
    self.shell = shell
  }

  func run(_ context: Context) throws -> ExitCode {
    try context.output.write(shell.script)
    return .done
  }
}
