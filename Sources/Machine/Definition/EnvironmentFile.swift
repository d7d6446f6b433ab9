internal import JSON

/// The file `.env` beside a lab file: a `NAME=VALUE` a line, as compose has them.
///
/// Blank lines and those that begin with `#` are left out, and so is an `export` in front. A value may stand in single
/// quotes, which are taken as they are, or in double quotes, where `\n`, `\t`, `\"` and `\\` are one character;
/// without quotes a ` #` begins a comment.
package struct EnvironmentFile: Sendable, Equatable {
  package private(set) var values: [String: String] = [:]

  /// Reads all lines, and reports those that are none.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - file: the file's name as messages show it.
  /// - Throws: all problems of the file.
  package init(parsing bytes: [UInt8], file: String) throws(DefinitionError) {
    var problems: [Problem] = []
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      do throws(LineError) {
        guard let (name, value) = try Self.entry(line) else { continue }
        values[name] = value
      } catch {
        let origin = Origin(file: file, position: JSONPosition(line: index + 1, column: 1))
        problems.append(Problem(.invalid(error.reason), path: "", origin: origin))
      }
    }
    guard problems.isEmpty else { throw DefinitionError(problems) }
  }

  private struct LineError: Error {
    let reason: String
  }

  /// A line's name and value; nil where it has none.
  private static func entry(_ line: Substring) throws(LineError) -> (name: String, value: String)? {
    var text = line.trimmed
    guard let first = text.first, first != "#" else { return nil }
    if text.hasPrefix("export ") { text = text.dropFirst(7).trimmed }
    guard let equals = text.firstIndex(of: "=") else {
      throw LineError(reason: "a line is NAME=VALUE; this one has no '='")
    }
    let name = text[..<equals].trimmed
    guard let first = name.first, !first.isNumber,
      name.allSatisfy({ $0.isASCIILetterOrDigit || $0 == "_" })
    else { throw LineError(reason: "'\(String(name).clipped)' cannot name a variable") }
    return (String(name), try value(text[text.index(after: equals)...].trimmed))
  }

  private static func value(_ text: Substring) throws(LineError) -> String {
    switch text.first {
    case "'"?:
      let rest = text.dropFirst()
      guard let end = rest.firstIndex(of: "'") else { throw LineError(reason: "a quote is not closed") }
      try expectComment(rest[rest.index(after: end)...])
      return String(rest[..<end])
    case "\""?:
      return try quoted(text.dropFirst())
    default:
      var previous: Character = " "
      let plain = text.prefix { character in
        defer { previous = character }
        return !(character == "#" && previous.isWhitespace)
      }
      return String(plain.trimmed)
    }
  }

  private static func quoted(_ text: Substring) throws(LineError) -> String {
    var value = ""
    var rest = text
    while let character = rest.popFirst() {
      switch character {
      case "\"":
        try expectComment(rest)
        return value
      case "\\":
        guard let next = rest.popFirst() else { break }
        switch next {
        case "n": value.append("\n")
        case "t": value.append("\t")
        case "\"", "\\": value.append(next)
        default: value += "\\\(next)"
        }
      default: value.append(character)
      }
    }
    throw LineError(reason: "a quote is not closed")
  }

  /// Behind a value in quotes stands nothing, or a comment.
  private static func expectComment(_ rest: Substring) throws(LineError) {
    let rest = rest.trimmed
    guard rest.isEmpty || rest.hasPrefix("#") else {
      throw LineError(reason: "there is something behind the closing quote")
    }
  }
}

extension Substring {
  /// Without white space at both ends.
  fileprivate var trimmed: Substring {
    var text = drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
