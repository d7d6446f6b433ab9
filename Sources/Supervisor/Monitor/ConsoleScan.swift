package import Machine

/// Looks for a pattern in what a console says, piece by piece; a prompt counts before its line ends.
///
/// Owned by one reader.
package struct ConsoleScan: ~Copyable {
  /// What of a line is looked at, in bytes: a guest may write one without end.
  private static let longestLine = 4096

  private let matcher: ConsolePattern.Matcher
  private var line: [UInt8] = []

  /// Nil when the pattern cannot be made ready, for want of memory.
  package init?(_ pattern: ConsolePattern) {
    guard let matcher = pattern.matcher else { return nil }
    self.matcher = matcher
  }

  /// Takes the next bytes; true when the pattern has shown.
  package mutating func shows(_ bytes: some Collection<UInt8>) -> Bool {
    for piece in bytes.split(omittingEmptySubsequences: false, whereSeparator: Self.isLineEnd).enumerated() {
      // Every piece but the first stands behind a line's end.
      if piece.offset > 0 {
        if matches() { return true }
        line = []
      }
      line += piece.element.prefix(Self.longestLine - line.count)
    }
    return matches()
  }

  private func matches() -> Bool { !line.isEmpty && matcher.matches(line) }

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }
}
