/// Writes a value as JSON text in UTF-8, always valid.
///
/// A double is written with the digits that read back as the same double, and with a point or exponent, so that it
/// does not come back as an integer. JSON has no infinity and no NaN (JSON5 texts can bring them in): they are written
/// as null, as JavaScript does.
struct JSONWriter {
  /// Whether members and elements stand on lines of their own, two spaces in.
  let isIndented: Bool

  func write(_ value: JSONValue, depth: Int = 0, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .unsigned(let value): bytes.append(contentsOf: String(value).utf8)
    case .number(let value): bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
    case .string(let value): write(value, to: &bytes)
    case .array(let elements): write(elements, depth: depth, to: &bytes)
    case .object(let members): write(members, depth: depth, to: &bytes)
    }
  }

  private func write(_ elements: [JSONValue], depth: Int, to bytes: inout [UInt8]) {
    bytes.append(.openBracket)
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(.comma) }
      isFirst = false
      breakLine(depth: depth + 1, to: &bytes)
      write(element, depth: depth + 1, to: &bytes)
    }
    if !isFirst { breakLine(depth: depth, to: &bytes) }
    bytes.append(.closeBracket)
  }

  private func write(_ members: JSONObject, depth: Int, to bytes: inout [UInt8]) {
    bytes.append(.openBrace)
    var isFirst = true
    for (key, value) in members {
      if !isFirst { bytes.append(.comma) }
      isFirst = false
      breakLine(depth: depth + 1, to: &bytes)
      write(key, to: &bytes)
      bytes.append(.colon)
      if isIndented { bytes.append(.space) }
      write(value, depth: depth + 1, to: &bytes)
    }
    if !isFirst { breakLine(depth: depth, to: &bytes) }
    bytes.append(.closeBrace)
  }

  private func breakLine(depth: Int, to bytes: inout [UInt8]) {
    guard isIndented else { return }
    bytes.append(.lineFeed)
    bytes.append(contentsOf: repeatElement(.space, count: 2 * depth))
  }

  private func write(_ string: String, to bytes: inout [UInt8]) {
    bytes.append(.doubleQuote)
    var string = string
    string.withUTF8 { text in
      var written = 0
      for (offset, byte) in text.enumerated()
      where byte < .space || byte == .doubleQuote || byte == .backslash {
        bytes.append(contentsOf: text[written..<offset])
        write(escaped: byte, to: &bytes)
        written = offset + 1
      }
      bytes.append(contentsOf: text[written...])
    }
    bytes.append(.doubleQuote)
  }

  private func write(escaped byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(.backslash)
    switch byte {
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case .tab: bytes.append(UInt8(ascii: "t"))
    case .lineFeed: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case .carriageReturn: bytes.append(UInt8(ascii: "r"))
    case 0..<(.space):
      bytes.append(contentsOf: (byte < 0x10 ? "u000" : "u00").utf8)
      bytes.append(contentsOf: String(byte, radix: 16).utf8)
    default: bytes.append(byte)
    }
  }
}

extension JSONValue {
  /// The value as compact text in UTF-8, without a line end.
  package func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  /// Writes the value as compact text behind what is there.
  package func append(to bytes: inout [UInt8]) { JSONWriter(isIndented: false).write(self, to: &bytes) }

  /// The value as text for people, two spaces a level, without a line end behind it.
  package func pretty() -> String {
    var bytes: [UInt8] = []
    JSONWriter(isIndented: true).write(self, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension JSONValue: CustomStringConvertible {
  package var description: String { String(decoding: bytes(), as: UTF8.self) }
}
