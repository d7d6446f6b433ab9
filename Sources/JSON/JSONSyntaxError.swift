/// Why a text is not a document of its dialect, and where.
package struct JSONSyntaxError: Error, Sendable, Equatable {
  package enum Problem: Sendable, Equatable {
    /// Something else stands where the grammar asks for one of a few things.
    case unexpected(found: Found, expected: String)
    /// A bare word that is no value of the dialect.
    case unknownWord(String)
    /// What begins as a number and is none; the literal is clipped when it is long.
    case malformedNumber(String)
    /// An integer outside `Int64.min ... UInt64.max`, or a double that would be infinite.
    case numberOutOfRange(String)
    /// The text ends inside the string that begins at the position.
    case unterminatedString
    /// The text ends inside the comment that begins at the position.
    case unterminatedComment
    /// A control character stands unescaped in a string.
    case unescapedControl(Unicode.Scalar)
    /// A backslash is followed by what makes no escape.
    case invalidEscape(Found)
    /// A `\u` escape is half of a surrogate pair without the other half.
    case loneSurrogate(UInt16)
    case duplicateKey(String)
    /// Arrays and objects are nested deeper than the limit.
    case tooDeep(limit: Int)
    /// There are more values in it than the limit.
    case tooManyValues(limit: Int)
    /// A byte that is no part of valid UTF-8.
    case invalidUTF8(UInt8)
  }

  package enum Found: Sendable, Equatable {
    case scalar(Unicode.Scalar)
    case end
  }

  package let problem: Problem
  package let position: JSONPosition

  package init(_ problem: Problem, at position: JSONPosition) {
    self.problem = problem
    self.position = position
  }
}

extension JSONSyntaxError: CustomStringConvertible {
  package var description: String { "\(position): \(problem)" }
}

extension JSONSyntaxError.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unexpected(let found, let expected): "expected \(expected), found \(found)"
    case .unknownWord(let word): "expected a value, found the word '\(word)'; a string needs quotes"
    case .malformedNumber(let literal): "'\(literal)' is not a number; a string needs quotes"
    case .numberOutOfRange(let literal): "the number \(literal) is out of range"
    case .unterminatedString: "the string that begins here has no end"
    case .unterminatedComment: "the comment that begins here has no end"
    case .unescapedControl(let scalar): "a string cannot hold \(scalar.shown) unescaped"
    case .invalidEscape(let found): "a backslash with \(found) after it is not an escape"
    case .loneSurrogate(let unit):
      "\\u\(UInt32(unit).hexadecimal) is half of a surrogate pair without its other half"
    case .duplicateKey(let key): "the key \(JSONValue.string(key)) is there twice"
    case .tooDeep(let limit): "nested deeper than \(limit) levels"
    case .tooManyValues(let limit): "more than \(limit) values"
    case .invalidUTF8(let byte): "byte 0x\(String(byte, radix: 16)) is not valid UTF-8 here"
    }
  }
}

extension JSONSyntaxError.Found: CustomStringConvertible {
  package var description: String {
    switch self {
    case .scalar(let scalar): scalar.shown
    case .end: "the end of the text"
    }
  }
}

extension Unicode.Scalar {
  /// The scalar in quotes if a reader sees it, else by its number.
  fileprivate var shown: String {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .nonspacingMark, .enclosingMark:
      "U+\(value.hexadecimal)"
    case .spaceSeparator where self != " ": "U+\(value.hexadecimal)"
    default: self == "'" ? "\"'\"" : "'\(self)'"
    }
  }
}

extension UInt32 {
  /// Four digits or more, as Unicode writes its numbers.
  fileprivate var hexadecimal: String {
    let digits = String(self, radix: 16, uppercase: true)
    return digits.count < 4 ? String(repeating: "0", count: 4 - digits.count) + digits : digits
  }
}
