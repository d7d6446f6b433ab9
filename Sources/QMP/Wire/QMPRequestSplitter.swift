/// Cuts what a client sends into messages by their brackets, as QEMU does.
///
/// Clients need not end a request with a line feed, and QEMU's own Python client does not. What begins with no bracket
/// is a message up to the next white space or bracket. A line feed inside a string, which JSON does not allow, ends
/// the message, so that a quote too many does not swallow all that follows. Owned by one reader.
package struct QMPRequestSplitter: Sendable {
  /// A message grew past its limit, in bytes, without an end.
  package struct MessageTooLong: Error, Sendable, Equatable {
    package let limit: Int
  }

  private enum Place {
    case between
    case word
    case structure(depth: Int)
    case string(depth: Int)
    case escape(depth: Int)
  }

  /// The longest message taken, in bytes.
  package let limit: Int

  private var place = Place.between
  private var partial: [UInt8] = []

  package init(limit: Int) {
    self.limit = limit
  }

  /// Takes the next bytes of the stream and hands out each message that they complete, in order.
  package mutating func feed(
    _ bytes: some Sequence<UInt8>, message: ([UInt8]) -> Void
  ) throws(MessageTooLong) {
    for byte in bytes {
      // What is no part of a word begins anew.
      if case .word = place, Self.isSpace(byte) || Self.isOpening(byte) { finish(message) }
      if case .between = place, Self.isSpace(byte) { continue }
      guard partial.count < limit else { throw MessageTooLong(limit: limit) }
      partial.append(byte)
      if step(byte) { finish(message) }
    }
  }

  private mutating func finish(_ message: ([UInt8]) -> Void) {
    place = .between
    let whole = partial
    partial.removeAll(keepingCapacity: whole.count <= 4096)
    message(whole)
  }

  /// Moves on behind a byte; true when it is the last of a message.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch place {
    case .between: place = Self.isOpening(byte) ? .structure(depth: 1) : .word
    case .word: break
    case .structure(let depth): return step(byte, inStructure: depth)
    case .string(let depth):
      switch byte {
      case UInt8(ascii: "\""): place = .structure(depth: depth)
      case UInt8(ascii: "\\"): place = .escape(depth: depth)
      case UInt8(ascii: "\n"): return true
      default: break
      }
    case .escape(let depth): place = .string(depth: depth)
    }
    return false
  }

  private mutating func step(_ byte: UInt8, inStructure depth: Int) -> Bool {
    switch byte {
    case UInt8(ascii: "\""): place = .string(depth: depth)
    case _ where Self.isOpening(byte): place = .structure(depth: depth + 1)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      place = .structure(depth: depth - 1)
      return depth == 1
    default: break
    }
    return false
  }

  private static func isOpening(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      || byte == UInt8(ascii: "\t")
  }
}
