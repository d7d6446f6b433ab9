internal import JSON

/// `qemuvm doctor`: whether this host can run guests, and what would mend it.
struct Doctor: Verb {
  static let name = "doctor"
  static let group = VerbGroup.configure
  static let farPart = FarPart.wholeVerb
  static let summary = "Look whether this host can run VMs, and say what mends it"
  static let discussion = [
    "It looks at KVM (a small guest tries whether 64-bit systems run), QEMU and the other programs, memory, limits, "
      + "folders, the supervisor, units that run it, and the clock. It changes nothing, starts no supervisor, "
      + "and takes at most \(Examination.patience.components.seconds) s.",
    "The exit code is 1 where something fails; a warning alone is none.",
  ]
  static let examples = ["qemuvm doctor", "qemuvm doctor --json"]
  static let options: [any DeclaredOption] = [CommonOptions.json]

  private let isJSON: Bool

  init(_ given: GivenArguments) {
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let watch = AskedPrograms.watch()
    defer { withExtendedLifetime(watch) {} }
    let findings = Examination.run(Examination.groups(context))
    // A group that has not come back may have left one that is asked still.
    AskedPrograms.end()
    if isJSON {
      try context.output.write(json: .array(findings.map { .object($0.json) }))
    } else {
      try context.output.write(findings.map { $0.lines(context.outputStyle) }.joined())
    }
    return findings.contains { $0.verdict == .failure } ? .failed : .done
  }
}
