internal import Glibc

/// Cuts a byte stream into lines ended by `\n`; a `\r` before it is dropped and empty lines are passed over.
///
/// A line that lies whole in one read is handed out without a copy. Owned by one reader.
package struct LineSplitter: Sendable {
  /// A line grew past its limit, in bytes, without an end.
  package struct LineTooLong: Error, Sendable, Equatable {
    package let limit: Int
  }

  /// The longest line taken, in bytes.
  package let limit: Int

  /// The start of a line whose end has not come yet.
  private var partial: [UInt8] = []

  package init(limit: Int) {
    self.limit = limit
  }

  /// Whether a line has begun and not ended.
  package var isInsideLine: Bool { !partial.isEmpty }

  /// Takes the next bytes of the stream and hands out each line that they complete, in order.
  ///
  /// The line's bytes are valid during the call of `line` only.
  package mutating func feed(
    _ bytes: UnsafeRawBufferPointer, line: (UnsafeRawBufferPointer) -> Void
  ) throws(LineTooLong) {
    var rest = bytes[...]
    while let end = Self.lineFeed(in: rest) {
      let piece = rest[rest.startIndex..<end]
      rest = rest[(end + 1)...]
      if partial.isEmpty {
        guard piece.count <= limit else { throw LineTooLong(limit: limit) }
        Self.hand(UnsafeRawBufferPointer(rebasing: piece), to: line)
      } else {
        guard partial.count + piece.count <= limit else { throw LineTooLong(limit: limit) }
        partial.append(contentsOf: piece)
        let whole = partial
        partial.removeAll(keepingCapacity: whole.count <= 4096)
        whole.withUnsafeBytes { Self.hand($0, to: line) }
      }
    }
    guard partial.count + rest.count <= limit else { throw LineTooLong(limit: limit) }
    partial.append(contentsOf: rest)
  }

  private static func lineFeed(in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    let region = UnsafeRawBufferPointer(rebasing: bytes)
    guard let start = region.baseAddress, let found = memchr(start, Int32(UInt8(ascii: "\n")), region.count)
    else {
      return nil
    }
    return bytes.startIndex + (UnsafeRawPointer(found) - start)
  }

  private static func hand(_ bytes: UnsafeRawBufferPointer, to line: (UnsafeRawBufferPointer) -> Void) {
    let hasReturn = bytes.last == UInt8(ascii: "\r")
    let text = UnsafeRawBufferPointer(rebasing: hasReturn ? bytes.dropLast() : bytes[...])
    if !text.isEmpty { line(text) }
  }
}
