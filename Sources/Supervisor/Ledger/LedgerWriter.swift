internal import Glibc
internal import Host

/// The end of the ledger at which lines are added: whole, in order, and rotated by size.
///
/// A line that does not fit on the disk is taken back, so that the file ends with a whole one; what cannot be taken
/// back is closed by a line end before the next. Owned by one queue; it blocks.
struct LedgerWriter: ~Copyable {
  let files: LedgerFiles
  private var file: FileDescriptor?

  /// Whether the file ends inside a line.
  private var isInsideLine: Bool

  /// How long the file was left; at another length, somebody else was at it and may have torn a line.
  private var expectedSize: Int64?

  /// Whether lines were added since the last `sync`, and whether the file's name was.
  private var isDirty = false
  private var isNameDirty = false

  /// Begins behind what the tail tells of.
  init(_ files: LedgerFiles, after tail: LedgerTail) {
    self.files = files
    isInsideLine = tail.endsInsideLine
    // What cannot be cut off is closed by a line end, and skipped by readers.
    if let cut = tail.cut, truncate(files.current, off_t(cut)) == 0 { isInsideLine = false }
  }

  /// Adds a line with its end.
  mutating func append(_ line: [UInt8]) throws(SystemError) {
    var size = try open()
    if size > 0, size + Int64(line.count) > files.sizeLimit {
      try rotate()
      size = try open()
    }
    let bytes = isInsideLine ? [UInt8(ascii: "\n")] + line : line
    do throws(SystemError) {
      try file?.write(bytes)
      isInsideLine = false
      isDirty = true
      expectedSize = size + Int64(bytes.count)
    } catch {
      expectedSize = size
      takeBack(to: size)
      throw error
    }
  }

  /// Makes all lines durable; corresponds to fdatasync(2).
  mutating func sync() throws(SystemError) {
    guard isDirty, let number = file?.rawValue else { return }
    let path = files.current
    _ = try retrying("fdatasync", path) { fdatasync(number) }
    isDirty = false
    guard isNameDirty else { return }
    try FileSystem.sync(directory: files.folder)
    isNameDirty = false
  }

  /// Opens the file, anew when somebody has removed it, and gives its size.
  private mutating func open() throws(SystemError) -> Int64 {
    if let number = file?.rawValue {
      var status = stat()
      _ = try retrying("fstat", files.current) { fstat(number, &status) }
      if status.st_nlink > 0 {
        let size = Int64(status.st_size)
        if size != expectedSize { isInsideLine = size > 0 }
        return size
      }
      file = nil
      isInsideLine = false
    }
    let isNew = !FileSystem.exists(files.current)
    file = try FileDescriptor.openLog(files.current)
    if isNew { isNameDirty = true }
    let size = FileSystem.size(of: files.current)
    expectedSize = size
    return size
  }

  private mutating func rotate() throws(SystemError) {
    // A promise that waits for its sync is in this file.
    try sync()
    for number in (0..<files.keptCount).reversed() {
      let older = files.old(number + 1)
      let younger = number == 0 ? files.current : files.old(number)
      if FileSystem.exists(younger) { try FileSystem.move(younger, to: older) }
    }
    file = nil
    isInsideLine = false
    isNameDirty = true
  }

  /// Cuts off what of a line was written before it failed.
  private mutating func takeBack(to size: Int64) {
    guard let number = file?.rawValue else { return }
    isInsideLine = isInsideLine || ftruncate(number, off_t(size)) != 0
  }
}
