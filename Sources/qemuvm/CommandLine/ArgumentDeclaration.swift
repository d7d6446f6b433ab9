/// What a verb takes beside its options: one place, or the rest of the line.
struct ArgumentDeclaration: Sendable, Equatable {
  /// How many words it takes.
  enum Count: Sendable {
    case one
    case optional
    case any
    case several
  }

  /// What stands for it in the help: `VM`.
  let name: String
  let count: Count
  let help: String

  init(_ name: String, _ count: Count, help: String) {
    self.name = name
    self.count = count
    self.help = help
  }

  var isRequired: Bool { count == .one || count == .several }
  var takesRest: Bool { count == .any || count == .several }

  /// As a usage line shows it: `[VM…]`.
  var written: String {
    switch count {
    case .one: name
    case .optional: "[\(name)]"
    case .any: "[\(name)…]"
    case .several: "\(name)…"
    }
  }
}
