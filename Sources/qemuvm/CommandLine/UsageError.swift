/// A command line that cannot be obeyed as it stands; exit code 2.
struct UsageError: Error, Equatable {
  /// What is wrong with it.
  enum Problem: Equatable {
    case noVerb
    case unknownVerb(String, nearest: String?)
    case unknownOption(String, nearest: String?)
    case valueMissing(option: String, placeholder: String)
    case valueUnexpected(option: String)
    case valueInvalid(of: String, text: String, reason: String)
    case givenTwice(option: String)
    case wordMissing(String)
    case wordUnexpected(String)

    /// What a verb has against options and words that are each right by themselves.
    case combination(String)
  }

  let problem: Problem

  /// The verb whose help says more, or nil where none was found.
  let verb: String?

  /// What to do instead, where the verb knows better than its help.
  var hint: String?

  init(_ problem: Problem, verb: String?, hint: String? = nil) {
    self.problem = problem
    self.verb = verb
    self.hint = hint
  }

  var message: String {
    switch problem {
    case .noVerb: "no command is named"
    case .unknownVerb(let verb, let nearest): "unknown command '\(verb)'" + Self.question(nearest)
    case .unknownOption(let option, let nearest):
      "unknown option '\(option)'" + Self.question(nearest)
    case .valueMissing(let option, let placeholder): "\(option) needs a value: \(option) \(placeholder)"
    case .valueUnexpected(let option): "\(option) takes no value"
    case .valueInvalid(let place, let text, let reason): "\(place): '\(text)' \(reason)"
    case .givenTwice(let option): "\(option) is given twice"
    case .wordMissing(let name): "\(name) is missing"
    case .wordUnexpected(let word): "unexpected argument '\(word)'"
    case .combination(let sentence): sentence
    }
  }

  private static func question(_ nearest: String?) -> String {
    nearest.map { "; did you mean '\($0)'?" } ?? ""
  }
}
