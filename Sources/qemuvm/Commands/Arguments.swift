internal import Control
internal import JSON
internal import Machine

/// `qemuvm args`: the exact command line of a VM's QEMU.
struct Arguments: Verb {
  static let name = "args"
  static let group = VerbGroup.look
  static let summary = "Print the exact command line of a VM's QEMU"
  static let discussion = [
    "It is quoted for a shell, an option a line. The descriptors that QEMU gets from the supervisor are named in it, "
      + "so pasted as it is it shows QEMU's options and does not start a second one."
  ]
  static let examples = ["qemuvm args web", "qemuvm args web --json"]
  static let arguments = [VMSelection.one]
  static let options: [any DeclaredOption] = [CommonOptions.file, CommonOptions.json]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSuchVM, .noSupervisor]

  private let query: Query
  private let isJSON: Bool

  init(_ given: GivenArguments) {
    query = Query(selection: VMSelection(given), verb: Self.name)
    isJSON = given[CommonOptions.json]
  }

  func run(_ context: Context) throws -> ExitCode {
    let reply = try query.reply(context) { .queryArguments(name: $0) }
    if isJSON {
      try context.output.write(json: reply)
    } else {
      let text = Self.text((reply.array ?? []).compactMap(\.string))
      // What is shown must not be an order to the terminal; what is piped stays exact.
      try context.output.write(context.output.isTerminal ? Printable.lines(text) : text)
    }
    return .done
  }

  /// The words for a shell: the program, then each option with its values on a line that goes on.
  static func text(_ words: [String]) -> String {
    var lines: [String] = []
    for word in words {
      let quoted = ShellText.quote(word)
      if lines.isEmpty || word.hasPrefix("-") {
        lines.append(quoted)
      } else {
        lines[lines.count - 1] += " " + quoted
      }
    }
    return lines.joined(separator: " \\\n  ") + "\n"
  }
}
