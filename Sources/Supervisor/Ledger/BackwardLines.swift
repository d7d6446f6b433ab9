internal import Glibc
internal import Host

/// The lines of a file from its last to its first, however long the file is.
///
/// Reads pieces from the end as it goes, so that the last lines of a long file cost what they are long. What is
/// written behind the end meanwhile is not seen. Owned by one reader.
struct BackwardLines: ~Copyable {
  struct Line {
    /// Without its line end.
    let bytes: ArraySlice<UInt8>

    /// Where it begins in the file.
    let start: Int64

    /// Whether its line end was there: the last line of a file may lack it.
    let isEnded: Bool
  }

  private static let pieceSize = 65_536

  private let file: FileDescriptor
  private let path: String

  /// What of the file has been read, from `position` on; never changed while a line of it may be in use.
  private var rest: [UInt8] = []

  /// How much of that has not been handed out: it ends where the last line handed out began.
  private var end = 0

  /// Where `rest` begins in the file.
  private var position: Int64

  private init(_ file: consuming FileDescriptor, _ path: String, size: Int64) {
    self.file = file
    self.path = path
    position = size
  }

  /// Begins at the end of a file; nil when there is none.
  static func open(_ path: String) throws(SystemError) -> BackwardLines? {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    let number = file.rawValue
    let size = try retrying("lseek", path) { lseek(number, 0, Int32(SEEK_END)) }
    return BackwardLines(file, path, size: Int64(size))
  }

  /// The line before the one handed out last; nil when that was the first.
  mutating func next() throws(SystemError) -> Line? {
    var searched = 0
    var pieceSize = Self.pieceSize
    while true {
      if let end = lineEnd(behind: searched) { return take(from: end + 1) }
      guard position > 0 else { return end == 0 ? nil : take(from: 0) }
      searched = end
      try readOn(pieceSize)
      // A line without end, as in a file of rubbish, is not copied again for each piece.
      pieceSize *= 2
    }
  }

  private mutating func take(from start: Int) -> Line {
    let isEnded = rest[end - 1] == UInt8(ascii: "\n")
    let line = Line(
      bytes: rest[start..<(isEnded ? end - 1 : end)], start: position + Int64(start), isEnded: isEnded)
    end = start
    return line
  }

  /// The last line end but the one that ends what is left; its last `searched` bytes are known to have none.
  private func lineEnd(behind searched: Int) -> Int? {
    rest.withUnsafeBufferPointer { bytes in
      var index = min(end - 1, end - searched) - 1
      while index >= 0 {
        if bytes[index] == UInt8(ascii: "\n") { return index }
        index -= 1
      }
      return nil
    }
  }

  private mutating func readOn(_ size: Int) throws(SystemError) {
    let start = max(0, position - Int64(size))
    rest = try file.readWhole(from: start, to: position, path) + rest[..<end]
    end = rest.count
    position = start
  }
}

extension BackwardLines {
  /// Passes over the lines from the first on that is known not to stand before a place, as numbers that grow tell.
  ///
  /// `isBefore` says of a line whether it does, and nil when it cannot know. For the beginning only; a line that is
  /// passed over in vain costs nothing but itself.
  mutating func skip(_ isBefore: (ArraySlice<UInt8>) -> Bool?) throws(SystemError) {
    var (low, high) = (Int64(0), position)
    while high - low > Int64(2 * Self.pieceSize) {
      let middle = low + (high - low) / 2
      let piece = try file.readWhole(from: middle, to: min(middle + Int64(Self.pieceSize), high), path)
      guard let (start, isLow) = Self.firstKnown(in: piece, isBefore) else { break }
      if isLow { low = middle + Int64(start) } else { high = middle + Int64(start) }
    }
    position = high
  }

  /// The first whole line of a piece of which it is known where it stands, and whether that is before.
  private static func firstKnown(
    in piece: [UInt8], _ isBefore: (ArraySlice<UInt8>) -> Bool?
  ) -> (start: Int, isBefore: Bool)? {
    let lines = piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for line in lines.dropFirst().dropLast() {
      if let answer = isBefore(line) { return (line.startIndex, answer) }
    }
    return nil
  }
}

extension FileDescriptor {
  /// Part of a file; corresponds to pread(2).
  ///
  /// Cut off under our hands, what is left of the piece is rubbish, and read as such.
  fileprivate borrowing func readWhole(
    from start: Int64, to end: Int64, _ path: String
  ) throws(SystemError) -> [UInt8] {
    var piece: [UInt8] = []
    piece.reserveCapacity(Int(end - start))
    while piece.count < Int(end - start) {
      let bytes = try read(upTo: Int(end - start) - piece.count, at: start + Int64(piece.count))
      if bytes.isEmpty { break }
      piece += bytes
    }
    return piece + [UInt8](repeating: 0, count: Int(end - start) - piece.count)
  }
}
