/// One verb of the command line: its declarations, from which parsing and help are made, and what it does.
///
/// One file in `Commands/` each, and a line in `VerbTable`.
protocol Verb: Sendable {
  /// What a person types: `up`, or two words for a verb of a noun: `supervisor status`.
  static var name: String { get }
  static var group: VerbGroup { get }

  /// One line for the list of verbs, in the imperative, without a full stop.
  static var summary: String { get }

  /// Paragraphs for the verb's own help.
  static var discussion: [String] { get }

  /// Command lines that show it at work.
  static var examples: [String] { get }

  static var arguments: [ArgumentDeclaration] { get }
  static var options: [any DeclaredOption] { get }

  /// Exit codes that mean something particular here.
  static var exitCodes: [ExitCode] { get }

  /// What of it is done on another host, where one is named.
  static var farPart: FarPart { get }

  /// Takes what was given, and refuses what does not go together.
  init(_ given: GivenArguments) throws(UsageError)

  func run(_ context: Context) throws -> ExitCode
}

extension Verb {
  static var discussion: [String] { [] }
  static var arguments: [ArgumentDeclaration] { [] }
  static var options: [any DeclaredOption] { [] }
  static var exitCodes: [ExitCode] { [.done, .failed, .usage] }

  static var farPart: FarPart { .connection }

  /// Its options and those of every verb.
  static var allOptions: [any DeclaredOption] {
    switch farPart {
    case .connection, .wholeVerb: options + [CommonOptions.host, CommonOptions.help]
    case .none: options + [CommonOptions.help]
    }
  }
}

/// What a verb is about: the headings of `qemuvm --help`.
enum VerbGroup: String, CaseIterable, Sendable {
  case lifecycle = "Lifecycle"
  case look = "Look"
  case configure = "Configure"
  case images = "Images, disks and jobs"
  case supervisor = "Supervisor"
}
