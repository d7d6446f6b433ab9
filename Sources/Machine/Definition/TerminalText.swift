// Text from elsewhere as a terminal may show it: nothing in it moves the cursor, sets titles, or turns other text around.

extension Unicode.Scalar {
  /// Whether a terminal obeys it, or shows nothing for it and other text differently: controls, and format characters
  /// such as those that turn the direction of writing.
  package var isInvisibleOrder: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// Its number, as `\\x1b` and `\\u{202e}`.
  var inHexadecimal: String {
    let digits = String(value, radix: 16)
    return value < 0x100 ? "\\x\(digits)" : "\\u{\(digits)}"
  }

  /// Its number as a string of JSON has it, as `\\u001b`.
  var inJSON: String {
    String(self).utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}

extension String {
  /// The text of a value for programs, with the same meaning and nothing in it that a terminal obeys.
  package var asTerminalJSON: String { escaping { $0 == "\n" ? nil : $0.inJSON } }

  /// The text with every such character as its number, as `\\x1b` and `\\u{202e}`.
  ///
  /// - Parameter lineEnds: whether line ends and tabs are escaped as well.
  /// - Returns: text that a terminal shows as it is written.
  package func withControlsEscaped(lineEnds: Bool) -> String {
    escaping { scalar in
      switch scalar {
      case "\n", "\t": lineEnds ? scalar.escaped(asASCII: true) : nil
      default: scalar.inHexadecimal
      }
    }
  }

  /// The text with what the body gives in the place of such a character; nil leaves it.
  private func escaping(_ body: (Unicode.Scalar) -> String?) -> String {
    guard unicodeScalars.contains(where: \.isInvisibleOrder) else { return self }
    var safe = ""
    for scalar in unicodeScalars {
      if scalar.isInvisibleOrder, let words = body(scalar) {
        safe += words
      } else {
        safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }
}
