internal import Glibc
internal import Host

/// A log read as it grows, by whatever way it is rotated.
///
/// What qemuvm cuts off its head goes on in an older file, whole: each one that has come since the last look moves the
/// place of reading by its size, or is read to its end first. A log that somebody else has renamed is read to its end
/// before the file in its place. One whose beginning is gone without a trace is searched for the last bytes that were
/// read.
struct GrowingLog: ~Copyable {
  /// How many bytes are remembered to find the place again.
  private static let memorySize = 1024

  private static let pieceSize = 65_536

  /// File systems cut files at multiples of this, or of a multiple of it.
  private static let block: Int64 = 4096

  private let files: LogFiles
  private var file: FileDescriptor?

  /// The place of reading, behind a hole that the log begins with.
  private var offset: Int64
  private var memory: [UInt8] = []

  /// The youngest older file that was there when the offset was right.
  private var known: String?

  /// Whether that has been looked up, when the log was opened first.
  private var isPlaced = false

  init(_ path: String, from offset: Int64 = 0) {
    files = LogFiles(path)
    self.offset = offset
  }

  /// Skips to the last `count` lines of the present file; a last line without its end counts as one.
  mutating func skip(toLast count: Int) throws(SystemError) {
    try openIfPresent()
    guard file != nil else { return }
    while true {
      let view = try readView()
      known = view.younger.first?.identity ?? known
      let size = try size() - view.start
      let place = try placeOfLast(count, lines: size, view.start)
      let start = max(0, place - Int64(Self.memorySize))
      let before = try bytes(at: view.start + start, count: Int(place - start))
      let same = LogView(younger: [], isGapless: view.isGapless, start: view.start)
      guard try readView() == same else { continue }
      (offset, memory) = (place, before)
      return
    }
  }

  /// Hands out all that was written since the last call.
  mutating func readOn(_ hand: ([UInt8]) throws(SystemError) -> Void) throws(SystemError) {
    var wasReplaced = false
    try openIfPresent()
    while file != nil {
      let view = try readView()
      guard view.younger.isEmpty else {
        // A listing that is made while files are renamed may miss one.
        guard try readView() == view else { continue }
        if !view.isGapless { try findAgain(view) } else { try readOn(in: view.younger, hand) }
        continue
      }
      let place = try self.place(from: view.start)
      let piece = try bytes(at: view.start + place, count: Self.pieceSize)
      guard try readView() == view else { continue }
      if place != offset { (offset, memory) = (place, []) }
      if !piece.isEmpty {
        try take(piece, hand)
      } else if try !isReplaced() {
        return
      } else if wasReplaced {
        try reopen()
      } else {
        // What was written between the last read and the renaming is there by now.
        wasReplaced = true
      }
    }
  }

  /// Reads the oldest of some older files from the place of reading to its end, if that is in it; the place moves by
  /// its size.
  private mutating func readOn(
    in younger: [LogView.Old], _ hand: ([UInt8]) throws(SystemError) -> Void
  ) throws(SystemError) {
    guard let old = younger.last, let opened = try Self.open(old) else { return }
    let size = try opened.size()
    while offset < size {
      let piece = try opened.read(upTo: Self.pieceSize, at: offset)
      if piece.isEmpty { break }
      try take(piece, hand)
    }
    offset = max(0, offset - size)
    known = old.identity
    // Renamed as a whole, and read as that.
    if try FileSystem.isSameFile(Self.link(to: opened), withFile(Self.link(to:))) { try reopen() }
  }

  private mutating func take(
    _ piece: [UInt8], _ hand: ([UInt8]) throws(SystemError) -> Void
  ) throws(SystemError) {
    offset += Int64(piece.count)
    memory = Array((memory + piece).suffix(Self.memorySize))
    try hand(piece)
  }

  // MARK: The place of reading

  /// The offset, or where the remembered bytes end now; the beginning when they are gone.
  private func place(from start: Int64) throws(SystemError) -> Int64 {
    if memory.isEmpty || offset == 0 { return offset }
    return try withFile { file throws(SystemError) in try find(in: file, from: start) } ?? 0
  }

  /// Finds the file in which the remembered bytes end, when older files have gone since: with them, all that was known
  /// of the place.
  private mutating func findAgain(_ view: LogView) throws(SystemError) {
    known = nil
    for old in view.younger.reversed() {
      guard let opened = try Self.open(old) else { return }
      if let place = try find(in: opened) {
        offset = place
        return
      }
      known = old.identity
    }
    guard try withFile({ file throws(SystemError) in try find(in: file, from: view.start) }) == nil else {
      return
    }
    // What was to be read next has gone, too.
    known = nil
    (offset, memory) = (0, [])
  }

  /// Where the remembered bytes, or as many of them as a cut has left, end in a file: at the offset, or at whole blocks
  /// before it.
  private func find(in file: borrowing FileDescriptor, from start: Int64 = 0) throws(SystemError) -> Int64? {
    let size = try file.size() - start
    let surplus = max(0, offset - size)
    var place = offset - (surplus + Self.block - 1) / Self.block * Self.block
    while place > 0 {
      let expected = memory.suffix(Int(min(place, Int64(memory.count))))
      let found = try Self.bytes(of: file, at: start + place - Int64(expected.count), count: expected.count)
      if found.elementsEqual(expected) { return place }
      place -= Self.block
    }
    return nil
  }

  private func placeOfLast(_ count: Int, lines size: Int64, _ start: Int64) throws(SystemError) -> Int64 {
    guard count > 0 else { return size }
    var position = size
    var ends = 0
    while position > 0 {
      let first = max(0, position - Int64(Self.pieceSize))
      let piece = try bytes(at: start + first, count: Int(position - first))
      for index in piece.indices.reversed() where piece[index] == UInt8(ascii: "\n") {
        // The end of the last line begins no further one.
        if first + Int64(index) == size - 1 { continue }
        ends += 1
        if ends == count { return first + Int64(index) + 1 }
      }
      position = first
    }
    return 0
  }

  // MARK: The file

  private mutating func openIfPresent() throws(SystemError) {
    guard file == nil else { return }
    do throws(SystemError) {
      file = try FileDescriptor.open(files.current, O_RDONLY)
    } catch {
      if error.code != ENOENT { throw error }
      return
    }
    guard !isPlaced else { return }
    isPlaced = true
    known = try readView().younger.first?.identity
  }

  /// Goes on at the beginning of the file that has the log's name now.
  private mutating func reopen() throws(SystemError) {
    file = nil
    (offset, memory) = (0, [])
    try openIfPresent()
  }

  /// Opens an older file; nil when another has its name by now, or none, which the next look tells.
  private static func open(_ old: LogView.Old) throws(SystemError) -> FileDescriptor? {
    do throws(SystemError) {
      let opened = try FileDescriptor.open(old.path, O_RDONLY)
      guard try FileSystem.identity(of: link(to: opened)) == old.identity else { return nil }
      return opened
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  private func readView() throws(SystemError) -> LogView {
    try withFile { file throws(SystemError) in try LogView.read(files, file, known: known) }
  }

  private func size() throws(SystemError) -> Int64 {
    try withFile { file throws(SystemError) in try file.size() }
  }

  private func bytes(at place: Int64, count: Int) throws(SystemError) -> [UInt8] {
    try withFile { file throws(SystemError) in try Self.bytes(of: file, at: place, count: count) }
  }

  private static func bytes(
    of file: borrowing FileDescriptor, at place: Int64, count: Int
  ) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece = try file.read(upTo: count - bytes.count, at: place + Int64(bytes.count))
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  private func withFile<Value>(
    _ body: (borrowing FileDescriptor) throws(SystemError) -> Value
  ) throws(SystemError) -> Value {
    switch file {
    case .some(let file): try body(file)
    case nil: throw SystemError("open", files.current, code: ENOENT)
    }
  }

  private static func link(to file: borrowing FileDescriptor) -> String { "/proc/self/fd/\(file.rawValue)" }

  /// Whether another file stands at the path; none at all counts as the same one.
  private func isReplaced() throws(SystemError) -> Bool {
    let ours = try withFile(Self.link(to:))
    return FileSystem.exists(files.current) && !FileSystem.isSameFile(files.current, ours)
  }
}
