internal import Machine

/// Makes text from elsewhere safe for a terminal: a guest's own words must not move the cursor or set titles.
enum Printable {
  /// The text as one line, its line ends as spaces.
  static func line(_ text: String) -> String {
    lines(text).split(separator: "\n").joined(separator: " ")
  }

  /// The text of a value for programs, with the same meaning and nothing in it that a terminal obeys.
  static func json(_ text: String) -> String { text.asTerminalJSON }

  /// The text with every control and format character but the line's end as its number.
  static func lines(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: \.isInvisibleOrder) else { return text }
    let scalars = text.unicodeScalars.lazy.filter { $0 != "\r" }.map { $0 == "\t" ? " " : $0 }
    return String(String.UnicodeScalarView(scalars)).withControlsEscaped(lineEnds: false)
  }
}
