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
  struct Subject: Sendable, Equatable {
    /// The ids that may be those of a device of the VM's: that of its backend comes first.
    let ids: [DeviceID]

    /// In words: the option, and which of its like.
    let option: String
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

  /// The words for a person; `devices` are those of its machine.
  ///
  /// A better reason than QEMU's takes the place of its words.
  func text(devices: [DeviceDescription], because better: String? = nil) -> String {
    let reason = better ?? reason
    guard let subject else { return reason }
    let device = subject.ids.lazy.compactMap { id in devices.first { $0.id == id } }.first
    guard let device else { return "\(subject.option): \(reason)" }
    guard let file = device.file else { return "\(device.key): \(reason)" }
    let opening = "Could not open '\(file)': "
    let why = reason.hasPrefix(opening) ? String(reason.dropFirst(opening.count)) : reason
    return "\(device.key) \(file): \(why)"
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
    let ids = ["drive", "node-name", "netdev", "id"].compactMap { object[$0]?.string.map { DeviceID($0) } }
    let flash = [Firmware.codeNode, Firmware.variablesNode].contains(object["node-name"]?.string)
    let names = ["driver", "qom-type", "type"].compactMap { object[$0]?.string }
    return Subject(
      ids: ids,
      option: flash ? "firmware" : ([String(option)] + names.prefix(1)).joined(separator: " "))
  }
}
