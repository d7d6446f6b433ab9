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

extension String {
  /// The text with every such character as its number, as `\\x1b` and `\\u{202e}`.
  ///
  /// - Parameter lineEnds: whether line ends and tabs are escaped as well.
  /// - Returns: text that a terminal shows as it is written.
  package func withControlsEscaped(lineEnds: Bool) -> String {
    guard unicodeScalars.contains(where: \.isInvisibleOrder) else { return self }
    var safe = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n", "\t": safe += lineEnds ? scalar.escaped(asASCII: true) : String(scalar)
      case _ where !scalar.isInvisibleOrder: safe.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x100: safe += "\\x" + String(scalar.value, radix: 16)
      default: safe += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    }
    return safe
  }
}
