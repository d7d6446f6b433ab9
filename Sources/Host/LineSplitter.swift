internal import Glibc

/// Cuts a byte stream into lines ended by `\n`; a `\r` before it is dropped and empty lines are passed over.
///
/// A line that lies whole in one read is handed out without a copy. Owned by one reader.
package struct LineSplitter: Sendable {
  /// A line grew past its limit, in bytes, without an end.
  package struct LineTooLong: Error, Sendable, Equatable {
    package let limit: Int
  }

  /// What is kept of a line that is longer than the limit.
  package struct LongLine: Sendable, Equatable {
    /// How many bytes are kept of each end.
    package static let endSize = 512

    package private(set) var beginning: [UInt8]

    /// The last bytes, as far as the line has come.
    package private(set) var end: [UInt8]

    /// All of it, in bytes.
    package private(set) var count: Int

    package init(_ bytes: some Collection<UInt8>) {
      beginning = Array(bytes.prefix(Self.endSize))
      end = Array(bytes.suffix(Self.endSize))
      count = bytes.count
    }

    mutating func append(_ piece: some Collection<UInt8>) {
      beginning += piece.prefix(Self.endSize - beginning.count)
      end = Array((end + piece.suffix(Self.endSize)).suffix(Self.endSize))
      count += piece.count
    }
  }

  /// The longest line taken whole, in bytes.
  package let limit: Int

  /// The start of a line whose end has not come yet.
  private var partial: [UInt8] = []

  /// A line whose end has not come yet and that is longer than the limit already.
  package private(set) var longLine: LongLine?

  package init(limit: Int) {
    self.limit = limit
  }

  /// Whether a line has begun and not ended.
  package var isInsideLine: Bool { !partial.isEmpty || longLine != nil }

  /// Takes the next bytes of the stream and hands out each line that they complete, in order.
  ///
  /// The line's bytes are valid during the call of `line` only.
  package mutating func feed(
    _ bytes: UnsafeRawBufferPointer, line: (UnsafeRawBufferPointer) -> Void
  ) throws(LineTooLong) {
    var isTooLong = false
    feed(bytes) {
      if !isTooLong { line($0) }
    } long: { _ in
      isTooLong = true
    }
    if isTooLong || longLine != nil { throw LineTooLong(limit: limit) }
  }

  /// As above, and hands out the ends of a line that is longer than the limit.
  package mutating func feed(
    _ bytes: UnsafeRawBufferPointer, line: (UnsafeRawBufferPointer) -> Void, long: (LongLine) -> Void
  ) {
    var rest = bytes[...]
    while let end = Self.lineFeed(in: rest) {
      let piece = rest[rest.startIndex..<end]
      rest = rest[(end + 1)...]
      if longLine == nil, partial.isEmpty, piece.count <= limit {
        Self.hand(UnsafeRawBufferPointer(rebasing: piece), to: line)
        continue
      }
      append(piece)
      if let whole = longLine.take() {
        long(whole)
      } else {
        let whole = partial
        partial.removeAll(keepingCapacity: whole.count <= 4096)
        whole.withUnsafeBytes { Self.hand($0, to: line) }
      }
    }
    append(rest)
  }

  private mutating func append(_ piece: Slice<UnsafeRawBufferPointer>) {
    if longLine == nil, partial.count + piece.count <= limit { return partial.append(contentsOf: piece) }
    if longLine == nil {
      longLine = LongLine(partial)
      partial = []
    }
    longLine?.append(piece)
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
