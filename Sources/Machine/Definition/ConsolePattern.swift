internal import JSON

/// An extended regular expression that is looked for in the lines of a console; corresponds to regex(7).
///
/// Not the C library's: that takes gigabytes, minutes or the whole stack for a few bytes, and the guest writes the text
/// that it is tried on.
package struct ConsolePattern: Sendable, Equatable {
  package let text: String
  private let program: PatternProgram

  /// Why a text is no regular expression.
  package struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  package init(_ text: String) throws(Invalid) {
    self.text = text
    program = try PatternProgram(text)
  }

  /// At the beginning of a line.
  package var matcher: PatternMatcher { PatternMatcher(program) }
}

extension ConsolePattern: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ConsolePattern? {
    guard let text = node.nonEmptyText(expected: "a regular expression") else { return nil }
    do throws(Invalid) {
      return try ConsolePattern(text)
    } catch {
      return node.wrong("'\(text.clipped)' is not an extended regular expression (regex(7)): \(error)")
    }
  }

  var json: JSONValue { .string(text) }
}
