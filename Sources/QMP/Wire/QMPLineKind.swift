internal import Glibc

/// What a server's line is, as far as its beginning shows: enough to pass over what need not be read whole.
enum QMPLineKind: Equatable {
  /// Where the event's name stands in the line, in bytes.
  case event(name: Range<Int>)

  /// An event whose name does not stand near the beginning, as it does in all that QEMU sends.
  case unnamedEvent
  case reply

  /// A greeting, or no message at all.
  case other

  /// How far a line is looked into, in bytes.
  private static let reach = 512

  init(_ line: UnsafeRawBufferPointer) {
    if let name = Self.usualName(line) {
      self = .event(name: name)
      return
    }
    var cursor = Cursor(bytes: UnsafeRawBufferPointer(rebasing: line.prefix(Self.reach)))
    self = cursor.kind()
  }
}

extension QMPLineKind {
  private static let opening = Array(#"{"timestamp": {"seconds": "#.utf8)
  private static let beforeName = Array(#"}, "event": ""#.utf8)

  /// Where the name stands in an event as QEMU writes it: with two numbers before it.
  ///
  /// Of a storm this is all that is read, so it is left to the C library.
  private static func usualName(_ line: UnsafeRawBufferPointer) -> Range<Int>? {
    guard line.count > 64, let start = line.baseAddress, begins(start, opening) else { return nil }
    let reach = min(line.count, Self.reach) - beforeName.count
    guard let brace = memchr(start + opening.count, Int32(UInt8(ascii: "}")), reach - opening.count),
      begins(brace, beforeName)
    else { return nil }
    let name = UnsafeRawPointer(brace) - start + beforeName.count
    guard let quote = memchr(start + name, Int32(UInt8(ascii: "\"")), min(line.count, Self.reach) - name)
    else { return nil }
    return name..<(UnsafeRawPointer(quote) - start)
  }

  private static func begins(_ text: UnsafeRawPointer, _ word: [UInt8]) -> Bool {
    word.withUnsafeBytes { $0.baseAddress.map { memcmp(text, $0, word.count) == 0 } ?? false }
  }
}

/// Goes through the first members of an object without making values of them.
private struct Cursor {
  let bytes: UnsafeRawBufferPointer
  private var place = 0

  init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  mutating func kind() -> QMPLineKind {
    guard take(UInt8(ascii: "{")) else { return .other }
    var unnamed = QMPLineKind.other
    while let key = string(), take(UInt8(ascii: ":")) {
      if isWord("event", at: key) { return string().map { .event(name: $0) } ?? .unnamedEvent }
      if isWord("return", at: key) || isWord("error", at: key) { return .reply }
      // An error has its id before it.
      if isWord("id", at: key) { return .reply }
      guard isWord("timestamp", at: key) || isWord("data", at: key) else { return .other }
      unnamed = .unnamedEvent
      skipValue()
      guard take(UInt8(ascii: ",")) else { break }
    }
    return unnamed
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard place < bytes.count, bytes[place] == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while place < bytes.count, bytes[place] == UInt8(ascii: " ") || bytes[place] == UInt8(ascii: "\t") {
      place += 1
    }
  }

  /// Steps over a string and gives what stands in it; nil where none stands whole.
  private mutating func string() -> Range<Int>? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = place
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "\"") {
        place += 1
        return start..<(place - 1)
      }
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  private func isWord(_ word: StaticString, at range: Range<Int>) -> Bool {
    word.withUTF8Buffer { $0.elementsEqual(bytes[range]) }
  }

  /// Steps over a value, or to the end.
  private mutating func skipValue() {
    var depth = 0
    skipSpace()
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        guard string() != nil else { return }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { return }
        depth -= 1
      case UInt8(ascii: ",") where depth == 0: return
      default: break
      }
      place += 1
    }
  }
}
