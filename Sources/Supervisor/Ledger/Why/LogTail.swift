internal import Host

/// The last lines of a log, as far as a person wants to see them at once.
enum LogTail {
  private static let byteLimit = 8192

  /// The oldest first; none when there is no log.
  static func lines(of path: String, count: Int = 10) -> [String] {
    // A log that is not there, or may not be read, has no last lines.
    guard let bytes = try? FileSystem.tail(path, bytes: byteLimit) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    // Where the tail is cut, its first line is half a line.
    let whole = bytes.count == byteLimit && lines.count > 1 ? lines.dropFirst() : lines[...]
    return whole.suffix(count).map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
  }
}
