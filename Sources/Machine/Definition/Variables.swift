/// What `${NAME}` in a text of a lab file stands for: a variable of the environment, else of the file `.env`.
///
/// They are resolved where the file is read: what is kept of a VM holds values, so that it starts again the same
/// wherever that is done from.
package struct Variables: Sendable {
  /// Nil where there are none.
  private let values: [String: String]?

  /// The file beside the lab file where more of them may stand, for messages.
  private let file: String

  /// - Parameters:
  ///   - environment: the variables that count first.
  ///   - below: those of the file, for names that the environment does not have.
  ///   - file: that file as messages show it.
  package init(environment: [String: String], below: [String: String] = [:], file: String = ".env") {
    values = below.merging(environment) { _, ours in ours }
    self.file = file
  }

  private init(_ values: [String: String]?, file: String) {
    self.values = values
    self.file = file
  }

  /// Those of a profile, which has none: the supervisor reads it again, in an environment of its own.
  static let ofProfile = Variables(nil, file: "")

  /// The name that stands for the number of a copy inside a VM with `count`.
  package static let copy = "copy"

  /// The same inside one of a VM's numbered copies.
  func inside(copy number: Int) -> Variables {
    var inner = values ?? [:]
    inner[Self.copy] = String(number)
    return Variables(inner, file: file)
  }

  /// What opens a reference; a `$` in front of it makes it plain text.
  static let opening = "${"

  /// Whether a text has to be resolved.
  static func areIn(_ text: String) -> Bool { text.contains(opening) }

  /// The text with a value for each reference; nil where it holds none.
  func resolve(_ text: String) throws(VariableError) -> String? {
    guard Self.areIn(text) else { return nil }
    return try resolve(text[...], depth: 0)
  }

  /// Defaults within defaults go no deeper.
  private static let deepest = 16

  private func resolve(_ text: Substring, depth: Int) throws(VariableError) -> String {
    guard depth < Self.deepest else { throw .malformed(String(text)) }
    var result = ""
    var rest = text
    while let start = rest.range(of: Self.opening) {
      result += rest[..<start.lowerBound]
      if result.last == "$", rest[..<start.lowerBound].last == "$" {
        // `$${`: the reference is meant as text.
        result.removeLast()
        result += Self.opening
        rest = rest[start.upperBound...]
        continue
      }
      guard let end = Self.end(of: rest[start.upperBound...]) else {
        throw .malformed(String(rest[start.lowerBound...]))
      }
      result += try value(of: rest[start.upperBound..<end], depth: depth)
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  /// Where a reference closes, over those in its default.
  private static func end(of text: Substring) -> Substring.Index? {
    var open = 0
    var place = text.startIndex
    while place < text.endIndex {
      if text[place...].hasPrefix(opening) {
        open += 1
      } else if text[place] == "}" {
        if open == 0 { return place }
        open -= 1
      }
      place = text.index(after: place)
    }
    return nil
  }

  private func value(of reference: Substring, depth: Int) throws(VariableError) -> String {
    let name = reference.prefix { $0.isASCIILetterOrDigit || $0 == "_" }
    let rest = reference[name.endIndex...]
    guard let first = name.first, !first.isNumber else { throw .malformed("${\(reference)}") }
    guard let values else { throw .inProfile(String(name)) }
    let value = values[String(name)]
    if rest.isEmpty {
      guard let value else { throw .notSet(String(name), file: file) }
      return value
    }
    if let value, !value.isEmpty { return value }
    if rest.hasPrefix(":-") { return try resolve(rest.dropFirst(2), depth: depth + 1) }
    guard rest.hasPrefix(":?") else { throw .malformed("${\(reference)}") }
    throw .required(String(name), message: try resolve(rest.dropFirst(2), depth: depth + 1))
  }
}

/// Why a text has no value: a variable in it is not set, or it is not written as one is.
package enum VariableError: Error, Sendable, Equatable {
  case notSet(String, file: String)
  /// As the file's `${NAME:?MESSAGE}` says.
  case required(String, message: String)
  case malformed(String)
  case inProfile(String)
}

extension VariableError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notSet(Variables.copy, _):
      "'${\(Variables.copy)}' is the number of a copy, and this VM has no 'count'"
    case .notSet(let name, let file):
      "the variable '\(name.clipped)' is not set, neither in the environment nor in \(file); "
        + "write ${\(name.clipped):-DEFAULT} where it may be missing"
    case .required(let name, let message):
      "the variable '\(name.clipped)' is not set" + (message.isEmpty ? "" : ": \(message.clipped)")
    case .inProfile(let name):
      "a profile has no variables, such as '\(name.clipped)': the supervisor reads it, too, whose environment is another; "
        + "write it in the lab file"
    case .malformed(let text):
      "'\(text.clipped)' is not a variable; write ${NAME}, ${NAME:-DEFAULT} or ${NAME:?MESSAGE}, "
        + "and $${ where the text itself is meant"
    }
  }
}

extension Substring {
  /// Where a text begins in this one; byte for byte.
  fileprivate func range(of text: String) -> Range<Index>? {
    var place = startIndex
    while place < endIndex {
      if self[place...].hasPrefix(text) { return place..<index(place, offsetBy: text.count) }
      place = index(after: place)
    }
    return nil
  }
}
