internal import Machine

/// How the text of an option's value becomes a value, and which texts it takes.
struct ValueParser<Value: Sendable>: Sendable {
  /// The only texts taken, or empty where any that parses is.
  let choices: [String]

  let parse: @Sendable (String) throws(InvalidValue) -> Value

  init(choices: [String] = [], _ parse: @escaping @Sendable (String) throws(InvalidValue) -> Value) {
    self.choices = choices
    self.parse = parse
  }
}

extension ValueParser<String> {
  /// Any text but the empty one.
  static var text: ValueParser {
    ValueParser { text throws(InvalidValue) in
      guard !text.isEmpty else { throw InvalidValue(reason: "is empty") }
      return text
    }
  }

  /// Any text, which the definition's own rules judge.
  static var anyText: ValueParser {
    ValueParser { text throws(InvalidValue) in text }
  }

  /// One of a few words; another is answered with the nearest.
  static func word(_ choices: [String]) -> ValueParser {
    ValueParser(choices: choices) { text throws(InvalidValue) in
      guard choices.contains(text) else {
        let nearest = nearestName(to: text, among: choices).map { "; did you mean '\($0)'?" } ?? ""
        throw InvalidValue(reason: "is none of \(choices.joined(separator: ", "))\(nearest)")
      }
      return text
    }
  }
}

extension ValueParser<Int> {
  /// A whole number in a range.
  static func number(_ range: ClosedRange<Int>) -> ValueParser {
    ValueParser { text throws(InvalidValue) in
      guard let number = Int(text), !text.hasPrefix("+") else {
        throw InvalidValue(reason: "is not a whole number")
      }
      guard range.contains(number) else {
        let bounds =
          range.upperBound == .max
          ? "less than \(range.lowerBound)" : "not between \(range.lowerBound) and \(range.upperBound)"
        throw InvalidValue(reason: "is \(bounds)")
      }
      return number
    }
  }
}

extension ValueParser<Duration> {
  /// A time with its unit: `250ms`, `10s`, `2m`.
  static var duration: ValueParser {
    ValueParser { text throws(InvalidValue) in
      do throws(TimeText.ParseError) {
        return try TimeText.duration(text)
      } catch {
        throw InvalidValue(reason: error.description)
      }
    }
  }
}
