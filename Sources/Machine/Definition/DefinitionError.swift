package import JSON

/// Everything that is wrong with a definition, a lab file or a profile, in the order of its text.
package struct DefinitionError: Error, Sendable, Equatable {
  package let problems: [Problem]

  package init(_ problems: [Problem]) {
    self.problems = problems.enumerated().sorted { left, right in
      switch (left.element.origin, right.element.origin) {
      case (let first?, let second?) where first != second: first < second
      case (.some, nil): true
      case (nil, .some): false
      default: left.offset < right.offset
      }
    }.map(\.element)
  }
}

extension DefinitionError: CustomStringConvertible {
  package var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One thing that is wrong with a definition.
package struct Problem: Sendable, Equatable {
  package enum Reason: Sendable, Equatable {
    /// The text is no JSON5.
    case syntax(JSONSyntaxError.Problem)
    case unknownKey(String, nearest: String?)
    /// Nothing is written where something must be.
    case missing(String)
    case wrongType(expected: String, found: String)
    /// A name that nothing has: a profile, a machine type, a word of an enumeration.
    case unknownName(String, kind: String, nearest: String?, known: [String])
    /// An argument that says what another key decides.
    case keyInstead(word: String, key: String)
    /// A value that no machine can have; a sentence says why.
    case invalid(String)
  }

  /// Where it was written; nil for what came over the control socket or from the command line.
  package let origin: Origin?
  /// The way to it through keys and indices, such as `vms.web.disks[0].file`; empty for the file itself.
  package let path: String
  package let reason: Reason

  package init(_ reason: Reason, path: String, origin: Origin?) {
    self.reason = reason
    self.path = path
    self.origin = origin
  }
}

extension Problem: CustomStringConvertible {
  /// Such as `qemuvm.json5:12:9: vms.web.cpsu: unknown key 'cpsu'; did you mean 'cpus'?`.
  package var description: String {
    [origin?.description, path.isEmpty ? nil : path, reason.description]
      .compactMap { $0 }.joined(separator: ": ").withControlsEscaped(lineEnds: true)
  }
}

extension [String] {
  /// The choices as people say them: `a, b or c`.
  fileprivate var inWords: String {
    guard count > 1, let last else { return joined() }
    return dropLast().joined(separator: ", ") + " or " + last
  }
}

extension Problem.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .syntax(let problem):
      return problem.description
    case .unknownKey(let key, let nearest):
      return "unknown key '\(key)'" + Self.suggestion(nearest)
    case .missing(let what):
      return "\(what) is missing"
    case .wrongType(let expected, let found):
      return "expected \(expected), found \(found)"
    case .unknownName(let name, let kind, let nearest, let known):
      let choices = known.isEmpty ? "" : "; use \(known.inWords)"
      return "unknown \(kind) '\(name.clipped)'" + (nearest == nil ? choices : Self.suggestion(nearest))
    case .keyInstead(let word, let key):
      return "'\(word.clipped)' is refused: write the key '\(key)' instead"
    case .invalid(let why):
      return why
    }
  }

  private static func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean '\($0)'?" } ?? ""
  }
}
