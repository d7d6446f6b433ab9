/// A value that is not of the type that was asked for.
package struct JSONTypeError: Error, Sendable, Equatable {
  /// The way to the value from where reading began: keys, and indices such as `[3]`.
  package let path: [String]
  /// What was asked for, with its article, such as "a string".
  package let expected: String
  /// What is there instead.
  package let found: String

  package init(path: [String] = [], expected: String, found: String) {
    self.path = path
    self.expected = expected
    self.found = found
  }

  package init(path: [String] = [], expected: String, found: JSONValue) {
    self.init(path: path, expected: expected, found: Self.summary(of: found))
  }

  /// The same error as seen from the object or array around it.
  package func inside(_ component: String) -> JSONTypeError {
    JSONTypeError(path: [component] + path, expected: expected, found: found)
  }

  /// A value in a few words: its text if that is short.
  private static func summary(of value: JSONValue) -> String {
    switch value {
    case .array: return "an array"
    case .object: return "an object"
    case .string(let string) where string.unicodeScalars.count > 40:
      return "\(JSONValue.string(String(string.unicodeScalars.prefix(40)) + "…"))"
    default: return value.description
    }
  }
}

extension JSONTypeError: CustomStringConvertible {
  package var description: String {
    var text = ""
    for component in path {
      if !text.isEmpty && !component.hasPrefix("[") { text += "." }
      text += component
    }
    if !text.isEmpty { text += ": " }
    return text + "expected \(expected), found \(found)"
  }
}
