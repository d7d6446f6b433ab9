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

  /// What of the file has been read and not handed out: it ends where the last line handed out began.
  private var rest: [UInt8] = []

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
      guard position > 0 else { return rest.isEmpty ? nil : take(from: 0) }
      searched = rest.count
      try readOn(pieceSize)
      // A line without end, as in a file of rubbish, is not copied again for each piece.
      pieceSize *= 2
    }
  }

  private mutating func take(from start: Int) -> Line {
    let isEnded = rest.last == UInt8(ascii: "\n")
    let line = Line(
      bytes: isEnded ? rest[start..<(rest.count - 1)] : rest[start...], start: position + Int64(start),
      isEnded: isEnded)
    rest.removeLast(rest.count - start)
    return line
  }

  /// The last line end but the one that ends `rest`; the last `searched` bytes are known to have none.
  private func lineEnd(behind searched: Int) -> Int? {
    rest.withUnsafeBufferPointer { bytes in
      var index = min(bytes.count - 1, bytes.count - searched) - 1
      while index >= 0 {
        if bytes[index] == UInt8(ascii: "\n") { return index }
        index -= 1
      }
      return nil
    }
  }

  private mutating func readOn(_ size: Int) throws(SystemError) {
    let start = max(0, position - Int64(size))
    var piece = [UInt8](repeating: 0, count: Int(position - start))
    let number = file.rawValue
    var filled = 0
    while filled < piece.count {
      let count = try retrying("pread", path) {
        piece.withUnsafeMutableBytes {
          pread(number, $0.baseAddress?.advanced(by: filled), $0.count - filled, off_t(start) + filled)
        }
      }
      // Cut off under our hands: what is left of the piece is rubbish, and read as such.
      if count == 0 { break }
      filled += count
    }
    rest = piece + rest
    position = start
  }
}
