internal import Glibc

/// The supervisor's own log: one line an entry on stderr, with the time in UTC.
///
/// A line is one write(2), so lines of several threads do not mix. Safe on any thread.
package enum Log {
  /// What others have written, a guest among them, is no order to the terminal that shows the log: controls and what
  /// turns the direction of writing stand there as numbers.
  package static func note(_ text: String) {
    let safe = text.unicodeScalars.map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
      default: String(scalar)
      }
    }.joined()
    let line = Array("\(Timestamp.now.rfc3339) \(safe)\n".utf8)
    // A log that cannot be written must not stop what is being logged.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
