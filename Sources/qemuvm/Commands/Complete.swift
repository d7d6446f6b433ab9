internal import Glibc

/// `qemuvm __complete`: what may stand at the end of a line that is being typed; the scripts of `qemuvm completion` ask it.
struct Complete: Verb {
  static let name = "__complete"
  static let group = VerbGroup.configure
  static let farPart = FarPart.none
  static let summary = "Say what may stand at the end of a line"
  static let examples = ["qemuvm __complete start"]
  static let arguments = [ArgumentDeclaration("WORD", .line, help: "The line behind the program's name.")]

  /// How long it may take altogether, in seconds, also where a file system hangs.
  private static let patience: UInt32 = 3

  private let line: [String]

  init(_ given: GivenArguments) {
    line = given.words
  }

  func run(_ context: Context) throws -> ExitCode {
    // Its signal ends the process: whoever types waits for an answer.
    alarm(Self.patience)
    let place = CompletionPlace(line, verbs: VerbTable.verbs)
    var text = place.completion.hasFiles ? "files\n" : "words\n"
    for offer in place.words(with: LiveNames(context: context).offers(place.completion)) {
      text += "\(Printable.line(offer.word))\t\(Printable.line(offer.text))\n"
    }
    try context.output.write(text)
    return .done
  }
}
