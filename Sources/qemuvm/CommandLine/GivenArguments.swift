/// What stood on the command line behind a verb: option values of their declared types, and the words.
struct GivenArguments: Sendable {
  /// The words that are no options, in order; their number fits the verb's declarations.
  private(set) var words: [String] = []

  /// An option as it stood there.
  struct WrittenOption: Sendable, Equatable {
    let name: String
    let words: [String]
  }

  /// The options, in order.
  private(set) var written: [WrittenOption] = []

  private var values: [String: [any Sendable]] = [:]

  init() {}

  /// Whether the option stood there at all.
  func has(_ option: any DeclaredOption) -> Bool { values[option.declaration.name] != nil }

  subscript(flag: Flag) -> Bool { has(flag) }

  subscript<Value>(option: ValueOption<Value>) -> Value? {
    values[option.declaration.name]?.last as? Value
  }

  subscript<Value>(option: ListOption<Value>) -> [Value] {
    values[option.declaration.name]?.compactMap { $0 as? Value } ?? []
  }

  /// Takes a value, with what stood there for it; nil for a flag.
  mutating func add(_ value: any Sendable, for declaration: OptionDeclaration, text: String? = nil) {
    let isFlag = !declaration.takesValue || declaration.optionalWords != nil && text?.isEmpty != false
    let words = isFlag ? [declaration.written] : ["\(declaration.written)=\(text ?? "")"]
    written.append(WrittenOption(name: declaration.name, words: words))
    values[declaration.name, default: []].append(value)
  }

  mutating func add(word: String) {
    words.append(word)
  }
}
