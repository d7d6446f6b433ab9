internal import Machine

/// Reads the words behind a verb by the verb's declarations.
///
/// `--option value`, `--option=value` and `-o value` are alike; the word after an option that takes a value is that
/// value, whatever it looks like, as with getopt(3); `--` ends the options.
struct CommandLineParser {
  private let verb: String
  private let arguments: [ArgumentDeclaration]
  private let options: [String: any DeclaredOption]
  private let names: [String]

  init(verb: String, arguments: [ArgumentDeclaration], options: [any DeclaredOption]) {
    self.verb = verb
    self.arguments = arguments
    var known: [String: any DeclaredOption] = [:]
    for option in options {
      known[option.declaration.written] = option
      if let short = option.declaration.short { known["-\(short)"] = option }
    }
    self.options = known
    names = options.map(\.declaration.written)
  }

  /// Everything given, checked against the declarations one by one; what must go together is the verb's affair.
  func parse(_ line: [String]) throws(UsageError) -> GivenArguments {
    var given = GivenArguments()
    var rest = line[...]
    var areOptionsOver = false
    if arguments.first?.count == .line {
      for word in rest { given.add(word: word) }
      return given
    }
    while let word = rest.popFirst() {
      if areOptionsOver || !word.hasPrefix("-") || word == "-" {
        try check(word, at: given.words.count)
        given.add(word: word)
      } else if word == "--" {
        areOptionsOver = true
      } else {
        try takeOption(word, &rest, into: &given)
      }
    }
    // Help is wanted even where the rest of the line is not complete.
    guard !given[CommonOptions.help] else { return given }
    if arguments.indices.contains(given.words.count), arguments[given.words.count].isRequired {
      throw error(.wordMissing(arguments[given.words.count].name))
    }
    return given
  }

  private func takeOption(
    _ word: String, _ rest: inout ArraySlice<String>, into given: inout GivenArguments
  ) throws(UsageError) {
    let (name, attached) = Self.split(word)
    guard let option = options[name] else {
      let hint = ForeignWords.hint(forOption: name, of: verb)
      throw UsageError(
        .unknownOption(name, nearest: hint == nil ? nearestName(to: name, among: names) : nil), verb: verb,
        hint: hint)
    }
    let declaration = option.declaration
    guard let placeholder = declaration.placeholder else {
      guard attached == nil else { throw error(.valueUnexpected(option: declaration.written)) }
      return given.add(true, for: declaration)
    }
    guard declaration.isRepeatable || !given.has(option) else {
      throw error(.givenTwice(option: declaration.written))
    }
    guard let text = attached ?? Self.value(of: declaration, &rest) else {
      throw error(.valueMissing(option: declaration.written, placeholder: placeholder))
    }
    do throws(InvalidValue) {
      given.add(try option.value(of: text), for: declaration, text: text)
    } catch {
      throw self.error(.valueInvalid(of: declaration.written, text: text, reason: error.reason))
    }
  }

  /// The word behind an option that is its value.
  private static func value(of declaration: OptionDeclaration, _ rest: inout ArraySlice<String>) -> String? {
    guard let words = declaration.optionalWords else { return rest.popFirst() }
    guard let word = rest.first, words.contains(word) else { return "" }
    return rest.popFirst()
  }

  private func check(_ word: String, at position: Int) throws(UsageError) {
    let isTaken = position < arguments.count || arguments.last?.takesRest == true
    guard isTaken else { throw error(.wordUnexpected(word)) }
    guard !word.isEmpty else {
      let name = arguments[min(position, arguments.count - 1)].name
      throw error(.valueInvalid(of: name, text: word, reason: "is empty"))
    }
  }

  private func error(_ problem: UsageError.Problem) -> UsageError { UsageError(problem, verb: verb) }

  /// `--option=value` in its two parts; a short option has its value in the next word.
  private static func split(_ word: String) -> (name: String, value: String?) {
    guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
    return (String(word[..<equals]), String(word[word.index(after: equals)...]))
  }
}
