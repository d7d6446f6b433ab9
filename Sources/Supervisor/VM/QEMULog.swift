internal import Host

/// What QEMU wrote to its stderr, read for a cause.
enum QEMULog {
  /// The last line of a life that began at an offset, without QEMU's time and program name; empty when none.
  static func lastWords(in path: String, from start: Int64) -> String {
    let size = FileSystem.size(of: path)
    // Beyond the end: the log was rotated a moment ago.
    let length = min(4096, start > size ? size : size - start)
    // No log: no words.
    guard length > 0, let bytes = try? FileSystem.tail(path, bytes: Int(length)) else { return "" }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last { !$0.isEmpty } ?? ""
    return String(withoutPrefix(line))
  }

  /// `2026-11-23T06:40:08.123456Z qemu-system-x86_64: words` gives `words`.
  private static func withoutPrefix(_ line: Substring) -> Substring {
    var rest = line
    if let space = rest.firstIndex(of: " "), rest[..<space].hasSuffix("Z"), rest[..<space].contains("T") {
      rest = rest[rest.index(after: space)...]
    }
    if rest.hasPrefix("qemu"), let colon = rest.firstRange(of: ": "), !rest[..<colon.lowerBound].contains(" ")
    {
      rest = rest[colon.upperBound...]
    }
    return rest
  }
}
