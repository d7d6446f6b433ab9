internal import Glibc
internal import Host
internal import JSON

/// One of the streams that the process was started with: results go to stdout, all else to stderr.
struct StandardStream: Sendable {
  static let output = StandardStream(descriptor: STDOUT_FILENO)
  static let diagnostics = StandardStream(descriptor: STDERR_FILENO)

  /// Borrowed for the process's life, and never closed.
  let descriptor: Int32

  private var name: String { descriptor == STDOUT_FILENO ? "stdout" : "stderr" }

  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Writes all of it; corresponds to write(2).
  ///
  /// EPIPE says that the reader has gone; by default the process ends by SIGPIPE before this returns.
  func write(_ text: String) throws(SystemError) {
    try write(Array(text.utf8))
  }

  func write(_ bytes: [UInt8]) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      done += try retrying("write", name) {
        bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      }
    }
  }

  /// Writes a value for programs: on lines of its own for a person who looks, compact elsewhere.
  func write(json value: JSONValue) throws(SystemError) {
    try write((isTerminal ? Printable.json(value.pretty()) : value.description) + "\n")
  }

  /// Writes what a person should know while the command goes on.
  ///
  /// A stderr that is closed or full is no reason to stop what is under way.
  func note(_ text: String) {
    do throws(SystemError) {
      try write(text)
    } catch {
      return
    }
  }
}
