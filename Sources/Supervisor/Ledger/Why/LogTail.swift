internal import Host

/// The last lines of a log, as far as a person wants to see them at once.
enum LogTail {
  private static let byteLimit = 8192

  /// The oldest first; none when there is no log.
  ///
  /// With `since`, none that QEMU wrote before, as far as its lines begin with their time; with `from`, none that stands
  /// before that byte.
  static func lines(
    of path: String, count: Int = 10, since: Timestamp? = nil, from start: Int64 = 0
  ) -> [String] {
    let limit = start > 0 ? Int(max(0, min(Int64(byteLimit), FileSystem.size(of: path) - start))) : byteLimit
    // A log that is not there, or may not be read, has no last lines.
    guard let bytes = try? FileSystem.tail(path, bytes: limit) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    // Where the tail is cut, its first line is half a line.
    let whole = bytes.count == byteLimit && lines.count > 1 ? lines.dropFirst() : lines[...]
    let start = since.flatMap { since in whole.lastIndex { isOlder($0, than: since) }.map { $0 + 1 } }
    return whole[(start ?? whole.startIndex)...].suffix(count).map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
  }

  /// Whether a line of QEMU's begins with an earlier time (`-msg timestamp=on`).
  private static func isOlder(_ line: ArraySlice<UInt8>, than limit: Timestamp) -> Bool {
    let word = String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
    guard let time = Timestamp(rfc3339: word) else { return false }
    return time.microseconds < limit.microseconds
  }
}
