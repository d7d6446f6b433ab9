internal import Host
internal import JSON
internal import Machine

/// What QEMU wrote to its stderr, read for a cause.
enum QEMULog {
  /// The last message of a life that began at an offset.
  static func lastMessage(in path: String, from start: Int64) -> QEMUMessage {
    let size = FileSystem.size(of: path)
    // Beyond the end: the log was rotated a moment ago.
    let length = min(4096, start > size ? size : size - start)
    // No log: no words.
    guard length > 0, let bytes = try? FileSystem.tail(path, bytes: Int(length)) else {
      return QEMUMessage(words: "")
    }
    return QEMUMessage(log: String(decoding: bytes, as: UTF8.self))
  }
}

/// One message of QEMU's: what it is about, and the reason.
///
/// QEMU prints the option with all of its JSON before the reason, and hints on lines of their own behind it
/// (util/error-report.c).
struct QEMUMessage: Sendable, Equatable {
  /// What the command line calls the thing that the message is about.
  enum Subject: Sendable, Equatable {
    /// By its place in the list of disks.
    case disk(Int)

    /// In words: the option, and which of its like.
    case option(String)
  }

  let subject: Subject?
  let reason: String

  /// The file that somebody else has locked, where that is the reason.
  private(set) var lockedImage: String?

  init(words: String) { self.init(nil, words) }

  private init(_ subject: Subject?, _ reason: String) {
    self.subject = subject
    self.reason = reason
  }

  /// Reads the end of a log; without QEMU's time and program name.
  init(log: String) {
    let lines = log.split(separator: "\n").map(Self.withoutPrefix)
    // What follows a message of QEMU's own are its hints; a warning is no reason to end.
    let last = lines.last { $0.isMessage && !$0.text.hasPrefix("warning: ") && !$0.text.hasPrefix("info: ") }
    let spoken = last ?? lines.last { !$0.text.hasPrefix("warning: ") && !$0.text.hasPrefix("info: ") }
    self.init(message: spoken?.text ?? "")
    lockedImage = lines.last.flatMap { Self.lockedImage(in: $0.text) }
  }

  private init(message: Substring) {
    guard let (option, object, rest) = Self.location(message) else {
      self.init(words: String(message))
      return
    }
    self.init(Self.subject(option, object), String(rest))
  }

  /// The words for a person; `files` are its disks' images, in their order.
  ///
  /// A better reason than QEMU's takes the place of its words.
  func text(disks files: [String], because better: String? = nil) -> String {
    let reason = better ?? reason
    switch subject {
    case nil: return reason
    case .option(let name): return "\(name): \(reason)"
    case .disk(let index):
      guard files.indices.contains(index) else { return "disks[\(index)]: \(reason)" }
      let opening = "Could not open '\(files[index])': "
      let why = reason.hasPrefix(opening) ? String(reason.dropFirst(opening.count)) : reason
      return "disks[\(index)] \(files[index]): \(why)"
    }
  }

  // MARK: Reading

  /// `2026-11-23T06:40:08.123456Z qemu-system-x86_64: words` gives `words`, and that it is a message of QEMU's.
  private static func withoutPrefix(_ line: Substring) -> (text: Substring, isMessage: Bool) {
    var rest = line
    if let space = rest.firstIndex(of: " "), rest[..<space].hasSuffix("Z"), rest[..<space].contains("T") {
      rest = rest[rest.index(after: space)...]
    }
    guard rest.hasPrefix("qemu"), let colon = rest.firstRange(of: ": "),
      !rest[..<colon.lowerBound].contains(" ")
    else { return (rest, rest.startIndex != line.startIndex) }
    return (rest[colon.upperBound...], true)
  }

  /// The path in QEMU's hint that stands behind a refused lock (block/file-posix.c).
  private static func lockedImage(in hint: Substring) -> String? {
    let (start, end) = ("Is another process using the image [", "]?")
    guard hint.hasPrefix(start), hint.hasSuffix(end) else { return nil }
    return String(hint.dropFirst(start.count).dropLast(end.count))
  }

  /// `-blockdev {…}: reason`, in its parts.
  private static func location(
    _ message: Substring
  ) -> (option: Substring, object: JSONValue, reason: Substring)? {
    guard message.hasPrefix("-"), let space = message.firstIndex(of: " "),
      let end = endOfObject(message[message.index(after: space)...])
    else { return nil }
    let object = message[message.index(after: space)..<end]
    // What is no JSON is part of the words.
    guard message[end...].hasPrefix(": "), let value = try? JSONValue(parsing: String(object)) else {
      return nil
    }
    return (message[..<space], value, message[end...].dropFirst(2))
  }

  /// Where an object of JSON ends that the text begins with.
  private static func endOfObject(_ text: Substring) -> Substring.Index? {
    guard text.hasPrefix("{") else { return nil }
    var (depth, isQuoted, isEscaped) = (0, false, false)
    for (index, letter) in zip(text.indices, text) {
      if isEscaped {
        isEscaped = false
      } else if isQuoted {
        if letter == "\\" { isEscaped = true } else if letter == "\"" { isQuoted = false }
      } else if letter == "\"" {
        isQuoted = true
      } else if letter == "{" {
        depth += 1
      } else if letter == "}" {
        depth -= 1
        if depth == 0 { return text.index(after: index) }
      }
    }
    return nil
  }

  private static func subject(_ option: Substring, _ object: JSONValue) -> Subject {
    let node = object["drive"]?.string ?? object["node-name"]?.string
    if let index = node.flatMap(NodeName.disk(named:)) { return .disk(index) }
    if node == NodeName.uefiCode || node == NodeName.uefiVariables { return .option("firmware") }
    let names = ["driver", "qom-type", "type"].compactMap { object[$0]?.string }
    return .option(([String(option)] + names.prefix(1)).joined(separator: " "))
  }
}
