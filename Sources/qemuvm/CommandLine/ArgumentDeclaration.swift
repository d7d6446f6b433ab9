/// What a verb takes beside its options: one place, or the rest of the line.
struct ArgumentDeclaration: Sendable, Equatable {
  /// How many words it takes.
  enum Count: Sendable {
    case one
    case optional
    case any
    case several

    /// Every word there is, options and empty ones too.
    case line
  }

  /// What stands for it in the help: `VM`.
  let name: String
  let count: Count
  let help: String

  /// What a shell offers for it.
  let completion: Completion

  /// The only words taken, or empty where the verb decides.
  let choices: [String]

  init(
    _ name: String, _ count: Count, help: String, completion: Completion = .nothing, choices: [String] = []
  ) {
    self.completion = completion
    self.choices = choices
    self.name = name
    self.count = count
    self.help = help
  }

  var isRequired: Bool { count == .one || count == .several }
  var takesRest: Bool { count == .any || count == .several || count == .line }

  /// As a usage line shows it: `[VM…]`.
  var written: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .any, .line: "[\(name)…]"
    case .several: "\(name)…"
    }
  }
}
