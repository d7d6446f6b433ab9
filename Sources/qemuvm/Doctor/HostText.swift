internal import Host

/// Small files of the kernel's, as text.
enum HostText {
  /// A file's text without the space around it; nil where there is none.
  static func file(_ path: String) -> String? {
    // No such file: the kernel does not tell.
    guard let bytes = try? FileSystem.read(path) else { return nil }
    return String(decoding: bytes, as: UTF8.self).trimmed
  }

  /// The lines of a file; none where there is none.
  static func lines(_ path: String) -> [Substring] {
    file(path)?.split(separator: "\n") ?? []
  }

  /// A number of a file such as meminfo(5), in its own unit.
  static func number(_ key: String, in lines: [Substring]) -> UInt64? {
    let line = lines.first { $0.prefix { $0 != ":" } == key }
    return line?.drop { $0 != ":" }.dropFirst().split(separator: " ").first.flatMap { UInt64($0) }
  }
}

extension StringProtocol {
  /// Without the space at both ends.
  var trimmed: String {
    let isSpace: (Character) -> Bool = { $0.isWhitespace }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }

  /// Without a character at its end.
  func drop(endingWith end: Character) -> SubSequence { last == end ? dropLast() : self[...] }
}
