/// What an option is called, takes and does: the one declaration that parsing, help, completion and manual read.
struct OptionDeclaration: Sendable, Equatable {
  /// The long name, without its dashes.
  let name: String

  /// The short name, without its dash.
  let short: Character?

  /// What stands for the value in the help; a flag takes none.
  let placeholder: String?

  let help: String

  /// The only values taken, or empty where the type decides.
  let choices: [String]

  /// Whether it may be given more than once.
  let isRepeatable: Bool

  /// The only words behind it that are its value; nil where it always has one.
  var optionalWords: [String]?

  /// What a shell offers for the value, besides the choices.
  var completion = Completion.nothing

  var takesValue: Bool { placeholder != nil }

  /// The placeholder as the help shows it: `POLICY`, `[POLICY]`.
  var shownPlaceholder: String? { placeholder.map { optionalWords == nil ? $0 : "[\($0)]" } }

  /// As a person writes it: `--timeout`.
  var written: String { "--\(name)" }
}

/// An option as the parser sees it, whatever the type of its value.
protocol DeclaredOption: Sendable {
  var declaration: OptionDeclaration { get }

  /// The value of a text given for it; a flag is given none.
  func value(of text: String) throws(InvalidValue) -> any Sendable
}

/// A text that is no value of its option or argument: why not, as the end of a sentence that began with the text.
struct InvalidValue: Error, Equatable {
  let reason: String
}

/// An option that is there or not.
struct Flag: DeclaredOption {
  let declaration: OptionDeclaration

  init(_ name: String, short: Character? = nil, help: String) {
    declaration = OptionDeclaration(
      name: name, short: short, placeholder: nil, help: help, choices: [], isRepeatable: true)
  }

  func value(of text: String) throws(InvalidValue) -> any Sendable { true }
}

/// An option with one value, given at most once.
struct ValueOption<Value: Sendable>: DeclaredOption {
  let declaration: OptionDeclaration
  private let parser: ValueParser<Value>

  /// With `optional`, those words alone are its value, and without one it is empty.
  init(
    _ name: String, short: Character? = nil, _ placeholder: String, _ parser: ValueParser<Value>,
    optional words: [String]? = nil, help: String, completion: Completion = .nothing
  ) {
    declaration = OptionDeclaration(
      name: name, short: short, placeholder: placeholder, help: help, choices: parser.choices,
      isRepeatable: false, optionalWords: words, completion: completion)
    self.parser = parser
  }

  func value(of text: String) throws(InvalidValue) -> any Sendable { try parser.parse(text) }
}

/// An option that may be given several times, with a value each.
struct ListOption<Value: Sendable>: DeclaredOption {
  let declaration: OptionDeclaration
  private let parser: ValueParser<Value>

  init(
    _ name: String, _ placeholder: String, _ parser: ValueParser<Value>, help: String,
    completion: Completion = .nothing
  ) {
    declaration = OptionDeclaration(
      name: name, short: nil, placeholder: placeholder, help: help, choices: parser.choices,
      isRepeatable: true, completion: completion)
    self.parser = parser
  }

  func value(of text: String) throws(InvalidValue) -> any Sendable { try parser.parse(text) }
}
