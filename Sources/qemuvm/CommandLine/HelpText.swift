/// The help of the program and of each verb, made from their declarations.
enum HelpText {
  /// All verbs under their headings.
  static func program(_ verbs: [any Verb.Type]) -> String {
    var lines = [
      "qemuvm keeps QEMU virtual machines running.", "",
      "Usage: qemuvm COMMAND [VM…] [options]",
    ]
    for group in VerbGroup.allCases {
      lines += ["", "\(group.rawValue):"] + list(verbs.filter { $0.group == group })
    }
    lines += [
      "", "A VM is named bare (web) or with its lab (shop/web).",
      "'qemuvm COMMAND --help' tells more of each command; 'qemuvm --version' names the version.", "",
      "Try: qemuvm up --profile hello",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The verbs of one noun.
  static func noun(_ noun: String, _ verbs: [any Verb.Type]) -> String {
    let verbs = verbs.filter { $0.name.hasPrefix(noun + " ") }
    let lines = ["Usage: qemuvm \(noun) COMMAND [options]", "", "Commands:"] + list(verbs)
    return (lines + ["", "'qemuvm \(noun) COMMAND --help' tells more of each."]).joined(separator: "\n")
      + "\n"
  }

  /// All that there is to say about one verb.
  static func verb(_ verb: any Verb.Type) -> String {
    var lines = ["\(verb.summary).", "", usage(verb)]
    for paragraph in verb.discussion { lines += [""] + ParagraphLayout.lines(paragraph) }
    if !verb.arguments.isEmpty {
      lines += ["", "Arguments:"]
      for argument in verb.arguments {
        lines += ParagraphLayout.lines(argument.help, lead: "  \(argument.name)", indent: indent)
      }
    }
    lines += ["", "Options:"]
    for option in verb.allOptions.map(\.declaration) {
      lines += ParagraphLayout.lines(describe(option), lead: lead(option), indent: indent)
    }
    if !verb.examples.isEmpty { lines += ["", "Examples:"] + verb.examples.map { "  \($0)" } }
    lines += ["", "Exit codes:"] + verb.exitCodes.map { "  \($0.rawValue)  \($0.meaning)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let indent = 30

  private static func list(_ verbs: [any Verb.Type]) -> [String] {
    verbs.flatMap { ParagraphLayout.lines($0.summary, lead: "  \($0.name)", indent: 22) }
  }

  private static func usage(_ verb: any Verb.Type) -> String {
    (["Usage: qemuvm", verb.name] + verb.arguments.map(\.written) + ["[options]"]).joined(separator: " ")
  }

  /// The option as it is written: `  -f, --follow`.
  static func lead(_ option: OptionDeclaration) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    return "  \(short)\(option.written)"
      + (option.shownPlaceholder.map { " \($0)" } ?? "")
  }

  static func describe(_ option: OptionDeclaration) -> String {
    var text = option.help
    if !option.choices.isEmpty { text += " One of: \(option.choices.joined(separator: ", "))." }
    if option.isRepeatable, option.takesValue { text += " May be repeated." }
    return text
  }
}
