internal import Machine

/// What a command line asks of the program as a whole.
enum Invocation {
  case run(any Verb)

  /// By the supervisor of another host, or there as a whole.
  case runFar(any Verb, FarVerb)

  /// Show the help of a verb, or of the program.
  case help((any Verb.Type)?)

  /// List the verbs of a noun, such as `supervisor`.
  case helpOfNoun(String)
  case version

  /// Reads the words behind the program's name.
  init(
    _ line: [String], verbs: [any Verb.Type], hidden: [any Verb.Type] = [], host: String? = nil
  ) throws(UsageError) {
    guard let first = line.first else {
      throw UsageError(.noVerb, verb: nil)
    }
    switch first {
    case "--help", "-h": self = .help(nil)
    case "--version": self = .version
    case "help": self = try Self.help(of: Array(line.dropFirst()), verbs: verbs)
    default:
      if hidden.contains(where: { line.starts(with: $0.name.split(separator: " ").map(String.init)) }) {
        self = try Self.verb(line, verbs: hidden, host: nil)
        return
      }
      guard !first.hasPrefix("-") else {
        let nearest = nearestName(to: first, among: ["--help", "--version"])
        throw UsageError(.unknownOption(first, nearest: nearest), verb: nil)
      }
      self = try Self.verb(line, verbs: verbs, host: host)
    }
  }

  /// `host` is what the environment names.
  private static func verb(
    _ line: [String], verbs: [any Verb.Type], host: String?
  ) throws(UsageError) -> Invocation {
    let (found, count) = try find(line, verbs: verbs)
    guard let found else { return .helpOfNoun(line[0]) }
    let parser = CommandLineParser(
      verb: found.name, arguments: found.arguments, options: found.allOptions)
    let given = try parser.parse(Array(line.dropFirst(count)))
    if given[CommonOptions.help] { return .help(found) }
    let verb = try found.init(given)
    guard found.farPart != .none else { return .run(verb) }
    var far = given[CommonOptions.host]
    if far == nil { far = try Self.far(host, found.name) }
    guard let far else { return .run(verb) }
    return .runFar(verb, FarVerb(host: far, verb: found, given: given))
  }

  private static func far(_ text: String?, _ verb: String) throws(UsageError) -> FarHost? {
    guard let text, !text.isEmpty else { return nil }
    do throws(InvalidValue) {
      return try FarHost(text)
    } catch {
      throw UsageError(.valueInvalid(of: "QEMUVM_HOST", text: text, reason: error.reason), verb: verb)
    }
  }

  private static func help(of words: [String], verbs: [any Verb.Type]) throws(UsageError) -> Invocation {
    guard let noun = words.first else { return .help(nil) }
    let (found, _) = try find(words, verbs: verbs)
    return found.map { .help($0) } ?? .helpOfNoun(noun)
  }

  /// The verb that the line begins with and its number of words; none where only help on a noun is asked for.
  private static func find(
    _ line: [String], verbs: [any Verb.Type]
  ) throws(UsageError) -> (verb: (any Verb.Type)?, count: Int) {
    if let verb = verbs.first(where: { $0.name == line[0] }) { return (verb, 1) }
    let noun = verbs.filter { $0.name.hasPrefix(line[0] + " ") }
    guard !noun.isEmpty else {
      let names = verbs.map { String($0.name.prefix { $0 != " " }) }
      if let hint = ForeignWords.hint(forVerb: line[0]) {
        throw UsageError(.unknownVerb(line[0], nearest: nil), verb: nil, hint: hint)
      }
      throw UsageError(.unknownVerb(line[0], nearest: nearestName(to: line[0], among: names)), verb: nil)
    }
    guard let second = line.dropFirst().first else {
      throw UsageError(.wordMissing(second(of: noun)), verb: line[0])
    }
    if second == "--help" || second == "-h" { return (nil, 1) }
    guard let verb = noun.first(where: { $0.name == "\(line[0]) \(second)" }) else {
      let words = noun.map { String($0.name.dropFirst(line[0].count + 1)) }
      throw UsageError(
        .unknownVerb("\(line[0]) \(second)", nearest: nearestName(to: second, among: words)), verb: line[0])
    }
    return (verb, 2)
  }

  private static func second(of noun: [any Verb.Type]) -> String {
    noun.map { String($0.name.drop { $0 != " " }.dropFirst()) }.joined(separator: "|")
  }
}
