internal import Glibc
internal import JSON

/// An extended regular expression that is looked for in the lines of a console; corresponds to regex(7).
package struct ConsolePattern: Sendable, Equatable {
  package let text: String

  /// Why a text is no regular expression, in the system's words.
  package struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  package init(_ text: String) throws(Invalid) {
    self.text = text
    _ = try Matcher.compile(text)
  }

  /// The pattern made ready; nil never, for it was made ready once before.
  package var matcher: Matcher? { try? Matcher.compile(text) }

  /// A compiled pattern; corresponds to regcomp(3).
  package struct Matcher: ~Copyable {
    private let expression: UnsafeMutablePointer<regex_t>

    fileprivate static func compile(_ text: String) throws(Invalid) -> Matcher {
      let expression = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
      let code = regcomp(expression, text, REG_EXTENDED | REG_NOSUB)
      guard code == 0 else {
        var words = [CChar](repeating: 0, count: 256)
        regerror(code, expression, &words, words.count)
        expression.deallocate()
        throw Invalid(
          description: String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
      }
      return Matcher(expression: expression)
    }

    deinit {
      regfree(expression)
      expression.deallocate()
    }

    /// Whether the pattern is in a line, which may hold any bytes; corresponds to regexec(3).
    package func matches(_ line: some Sequence<UInt8>) -> Bool {
      // A NUL would end the line for regexec(3).
      let text = line.map { $0 == 0 ? CChar(bitPattern: UInt8(ascii: "?")) : CChar(bitPattern: $0) } + [0]
      return regexec(expression, text, 0, nil, 0) == 0
    }
  }
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
