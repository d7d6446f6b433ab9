/// Makes text from elsewhere safe for a terminal: a guest's own words must not move the cursor or set titles.
enum Printable {
  /// The text as one line, its line ends as spaces.
  static func line(_ text: String) -> String {
    lines(text).split(separator: "\n").joined(separator: " ")
  }

  /// The text with every control character but the line's end as its number.
  static func lines(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var safe = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\r": continue
      case "\t": safe += " "
      case _ where isControl(scalar): safe += "\\x" + String(scalar.value, radix: 16)
      default: safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n" && scalar.properties.generalCategory == .control
  }
}
