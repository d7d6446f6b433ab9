internal import Host

/// What stands last on the console of a guest that has failed: its last lines, and before them that of its panic.
enum FailedConsole {
  /// How far back it is looked for, in bytes.
  private static let byteLimit: Int64 = 16 << 10
  private static let lineCount = 10

  /// What is kept of a line, in bytes.
  private static let lineLimit = 400

  /// The oldest first, of a guest that began at a place in its log; none when it said nothing.
  static func lines(of path: String, from start: Int64) -> [String] {
    let size = FileSystem.size(of: path)
    // Beyond the end: the log was rotated a moment ago.
    let length = min(byteLimit, start > size ? size : size - start)
    // No log: no words.
    guard length > 0, let bytes = try? FileSystem.tail(path, bytes: Int(length)) else { return [] }
    let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map {
      String(decoding: $0.prefix(lineLimit), as: UTF8.self)
    }
    let last = lines.suffix(lineCount)
    // What the kernel says behind it, registers and calls, is often longer.
    let panic = lines.dropLast(lineCount).last { $0.lowercased().contains("panic") }
    return last.contains { $0.lowercased().contains("panic") }
      ? Array(last) : [panic].compactMap { $0 } + last
  }
}
