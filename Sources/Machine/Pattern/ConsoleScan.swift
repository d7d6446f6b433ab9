/// Looks for a pattern in what a console says, piece by piece; a prompt counts before its line ends.
///
/// A line may be of any length: none of it is kept. Owned by one reader.
package struct ConsoleScan: Sendable {
  private var matcher: PatternMatcher

  package init(_ pattern: ConsolePattern) {
    matcher = pattern.matcher
  }

  /// Takes the next bytes; true when the pattern has shown.
  package mutating func shows(_ bytes: some Sequence<UInt8>) -> Bool {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        if matcher.showsAtEnd { return true }
        matcher.begin()
      } else if matcher.take(byte) {
        return true
      }
    }
    return matcher.showsAtEnd
  }
}
