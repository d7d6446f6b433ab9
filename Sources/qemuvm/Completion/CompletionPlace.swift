/// What a shell may offer for the last word of a line, found out from the declarations alone.
struct CompletionPlace: Sendable, Equatable {
  /// A word that may stand there, and what it is.
  struct Offer: Sendable, Equatable {
    let word: String
    let text: String
  }

  /// Words that are known by the declarations.
  private(set) var offers: [Offer] = []

  /// What else may stand there, which only the supervisor, a file or the shell knows.
  private(set) var completion = Completion.nothing

  /// What of the word has been typed, and what stands in front of it, as `--file=`.
  private(set) var typed = ""
  private(set) var lead = ""

  /// The offers with others, as whole words that begin with what was typed.
  func words(with others: [Offer] = []) -> [Offer] {
    (offers + others).filter { $0.word.hasPrefix(typed) }.map { Offer(word: lead + $0.word, text: $0.text) }
  }

  /// - Parameters:
  ///   - line: the words behind the program's name; the last is the one to be completed, and may be empty.
  ///   - verbs: the verbs there are.
  init(_ line: [String], verbs: [any Verb.Type]) {
    let line = Self.joined(line.isEmpty ? [""] : line)
    typed = line[line.count - 1]
    var before = line.dropLast()[...]
    if before.first == "help" { before = before.dropFirst() }
    guard let first = before.first else {
      offers = Self.firstWords(verbs)
      return
    }
    if let verb = verbs.first(where: { $0.name == first }) {
      place(before.dropFirst(), verb)
    } else if before.count == 1 {
      offers = verbs.filter { $0.name.hasPrefix(first + " ") }
        .map { Offer(word: String($0.name.dropFirst(first.count + 1)), text: $0.summary) }
    } else if let verb = verbs.first(where: { $0.name == before.prefix(2).joined(separator: " ") }) {
      place(before.dropFirst(2), verb)
    }
  }

  /// `--option=value` is three words to bash, and one here.
  private static func joined(_ line: [String]) -> [String] {
    var words: [String] = []
    var isBehindEquals = false
    for word in line {
      if word == "=", let last = words.last, last.hasPrefix("--"), !last.contains("=") {
        isBehindEquals = true
        continue
      }
      // The value is a word of its own there, as behind a space.
      isBehindEquals = false
      words.append(word)
    }
    return isBehindEquals ? words + [""] : words
  }

  private static func firstWords(_ verbs: [any Verb.Type]) -> [Offer] {
    var seen: Set<Substring> = []
    return verbs.compactMap { verb in
      let parts = verb.name.split(separator: " ")
      guard let word = parts.first, seen.insert(word).inserted else { return nil }
      let others = verbs.filter { $0.name.hasPrefix(word + " ") }.map { $0.name.dropFirst(word.count + 1) }
      return Offer(word: String(word), text: parts.count == 1 ? verb.summary : others.joined(separator: ", "))
    } + [Offer(word: "help", text: "Show the help of a command")]
  }

  /// Where the last word stands in a verb's line.
  private mutating func place(_ before: ArraySlice<String>, _ verb: any Verb.Type) {
    let options = verb.allOptions.map(\.declaration)
    func option(_ word: Substring) -> OptionDeclaration? {
      options.first { $0.written == word || $0.short.map { "-\($0)" == word } == true }
    }
    var count = 0
    var areOptionsOver = false
    var given: Set<String> = []
    var pending: OptionDeclaration?
    for word in before {
      if let open = pending, open.optionalWords?.contains(word) ?? true {
        pending = nil
        continue
      }
      pending = nil
      if areOptionsOver || !word.hasPrefix("-") || word == "-" {
        count += 1
      } else if word == "--" {
        areOptionsOver = true
      } else if let found = option(word.prefix { $0 != "=" }) {
        given.insert(found.name)
        if found.takesValue, !word.contains("=") { pending = found }
      }
    }
    if let pending {
      value(of: pending)
      guard pending.optionalWords != nil else { return }
    }
    if !areOptionsOver, typed.hasPrefix("-") {
      if let equals = typed.firstIndex(of: "="), let found = option(typed[..<equals]), found.takesValue {
        lead = String(typed[...equals])
        typed = String(typed[typed.index(after: equals)...])
        return value(of: found)
      }
      offers += options.filter { $0.isRepeatable && $0.takesValue || !given.contains($0.name) }
        .map { Offer(word: $0.written, text: $0.help) }
      return
    }
    let arguments = verb.arguments
    guard let last = arguments.last, count < arguments.count || last.takesRest else { return }
    let argument = arguments[min(count, arguments.count - 1)]
    offers += argument.choices.map { Offer(word: $0, text: "") }
    completion = argument.completion
  }

  private mutating func value(of option: OptionDeclaration) {
    offers = (option.choices + (option.optionalWords ?? [])).map { Offer(word: $0, text: "") }
    completion = option.completion
  }
}
