internal import Glibc

/// The supervisor's own log: one line an entry on stderr, with the time in UTC.
///
/// Where stderr is the journal's, which has the time itself, the line begins with its priority instead; corresponds to
/// sd-daemon(3). A line is one write(2), so lines of several threads do not mix. Safe on any thread.
package enum Log {
  /// How much an entry matters; corresponds to syslog(3).
  package enum Priority: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case information = 6
  }

  /// What others have written, a guest among them, is no order to the terminal that shows the log: controls and what
  /// turns the direction of writing stand there as numbers.
  package static func note(_ text: String, _ priority: Priority = .information) {
    let safe = text.unicodeScalars.map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
      default: String(scalar)
      }
    }.joined()
    let head = isJournal ? "<\(priority.rawValue)>" : "\(Timestamp.now.rfc3339) "
    let line = Array("\(head)\(safe)\n".utf8)
    // A log that cannot be written must not stop what is being logged.
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Whether stderr is the stream that the journal has opened for this process, and no other by now; `JOURNAL_STREAM`
  /// of systemd.exec(5).
  private static let isJournal: Bool = {
    guard let stream = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return false }
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }()
}
