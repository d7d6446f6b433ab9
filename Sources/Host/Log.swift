internal import Glibc

/// The supervisor's own log: one line an entry on stderr, with the time in UTC.
///
/// A line is one write(2), so lines of several threads do not mix. Safe on any thread.
package enum Log {
  package static func note(_ text: String) {
    let line = Array("\(Timestamp.now.rfc3339) \(text.replacing("\n", with: "\\n"))\n".utf8)
    // A log that cannot be written must not stop what is being logged.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
