/// Words as a POSIX shell reads them back.
package enum ShellText {
  /// The words of a command line with those quoted that need it.
  package static func quote(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

  package static func quote(_ word: String) -> String {
    if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
    // Inside single quotes everything stands for itself, except the quote.
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      + "'"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    Character(Unicode.Scalar(byte)).isASCIILetterOrDigit || "%+,-./:=@_".utf8.contains(byte)
  }
}
