/// A manual page in the macros of man(7), made from the verbs' declarations.
enum ManualPage {
  /// A page's name without its section, and its text.
  typealias Page = (name: String, text: String)

  /// That of the program, and one for each verb; the date is that on which they are made.
  static func all(_ verbs: [any Verb.Type], version: String, date: String) -> [Page] {
    [program(verbs, version, date)] + verbs.map { verb($0, version, date) }
  }

  private static func name(_ verb: any Verb.Type) -> String {
    "qemuvm-" + verb.name.replacing(" ", with: "-")
  }

  private static func program(_ verbs: [any Verb.Type], _ version: String, _ date: String) -> Page {
    var lines = head("qemuvm", "keeps QEMU virtual machines running", version, date)
    lines += [".SH SYNOPSIS", ".B qemuvm", escaped("COMMAND [VM…] [options]")]
    lines += [
      ".SH DESCRIPTION",
      escaped(
        "Each VM is one QEMU process. qemuvm generates its command line from a short definition and a profile, talks to "
          + "it over QMP, and brings it back when it crashes. A VM is named bare (web) or with its lab (shop/web)."
      ),
    ]
    for group in VerbGroup.allCases {
      let verbs = verbs.filter { $0.group == group }
      guard !verbs.isEmpty else { continue }
      lines.append(".SH " + quoted(group.rawValue.uppercased()))
      for verb in verbs { lines += [".TP", ".BR \(escaped(name(verb))) (1)", escaped(verb.summary + ".")] }
    }
    lines += [".SH ENVIRONMENT"]
    for (variable, text) in variables { lines += [".TP", ".B \(escaped(variable))", escaped(text)] }
    lines += codes(ExitCode.allCases)
    return ("qemuvm", lines.joined(separator: "\n") + "\n")
  }

  private static let variables = [
    ("QEMUVM_STATE_DIR", "Where definitions, disks, logs and the ledger lie."),
    ("QEMUVM_RUNTIME_DIR", "Where the control socket and consoles lie."),
    ("QEMUVM_CONFIG_DIR", "Where configuration and profiles lie."),
    ("QEMUVM_QEMU", "The QEMU of VMs that name none."),
    ("QEMUVM_HOST", "The host whose VMs are meant, as with --host."),
    ("NO_COLOR", "No colours, if it is not empty."),
  ]

  private static func verb(_ verb: any Verb.Type, _ version: String, _ date: String) -> Page {
    let summary = verb.summary.prefix(1).lowercased() + verb.summary.dropFirst()
    var lines = head(name(verb), summary, version, date)
    lines += [
      ".SH SYNOPSIS", ".B " + escaped("qemuvm \(verb.name)"),
      escaped((verb.arguments.map(\.written) + ["[options]"]).joined(separator: " ")),
    ]
    lines += [".SH DESCRIPTION", escaped(verb.summary + ".")]
    for paragraph in verb.discussion { lines += [".PP", escaped(paragraph)] }
    if !verb.arguments.isEmpty { lines.append(".SH ARGUMENTS") }
    for argument in verb.arguments {
      lines += [".TP", ".I \(escaped(argument.name))", escaped(argument.help)]
    }
    lines.append(".SH OPTIONS")
    for option in verb.allOptions.map(\.declaration) {
      lines += [".TP", ".B " + escaped(HelpText.lead(option).trimmed), escaped(HelpText.describe(option))]
    }
    if !verb.examples.isEmpty { lines += [".SH EXAMPLES", ".nf"] + verb.examples.map(escaped) + [".fi"] }
    lines += codes(verb.exitCodes)
    lines += [".SH " + quoted("SEE ALSO"), ".BR qemuvm (1)"]
    return (name(verb), lines.joined(separator: "\n") + "\n")
  }

  private static func head(_ name: String, _ summary: String, _ version: String, _ date: String) -> [String] {
    [
      ".TH \(quoted(name.uppercased())) 1 \"\(date)\" \(quoted("qemuvm " + version)) \(quoted("User commands"))",
      ".SH NAME", "\(escaped(name)) \\- \(escaped(summary))",
    ]
  }

  private static func codes(_ codes: [ExitCode]) -> [String] {
    [".SH " + quoted("EXIT STATUS")]
      + codes.flatMap { [".TP", ".B \($0.rawValue)", escaped($0.meaning + ".")] }
  }

  private static func quoted(_ text: String) -> String {
    "\"\(escaped(text).replacing("\"", with: "\\(dq"))\""
  }

  /// The text as one line of roff(7): each character stands for itself.
  static func escaped(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": line += "\\(rs"
      case "-": line += "\\-"
      case "'": line += "\\(aq"
      case "`": line += "\\(ga"
      case "^": line += "\\(ha"
      case "~": line += "\\(ti"
      case "\n": line += " "
      default:
        line += scalar.isASCII ? String(scalar) : "\\[u\(hexadecimal(scalar.value))]"
      }
    }
    return line.first == "." ? "\\&" + line : line
  }

  /// At least four digits, as groff_char(7) wants them.
  private static func hexadecimal(_ number: UInt32) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
