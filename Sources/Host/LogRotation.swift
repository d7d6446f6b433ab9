internal import Glibc

/// Keeps a log below a size while others write to it, and loses no byte: its head becomes an older file.
///
/// The head is copied, then cut off under the writer, who has it open with O_APPEND and notices nothing: where the
/// file system can (ext4, XFS) by collapsing it, so that the rest moves to the beginning, else by a hole. The copy's
/// name tells what has been done (`LogFiles`): whoever comes after a crash, at any instant, goes on there, and nothing
/// is lost or doubled. A host that loses its power keeps what the log had on disk.
///
/// One at a time for a log. Any thread; it blocks.
package struct LogRotation: Sendable, Hashable {
  package let files: LogFiles

  /// A log of this size is rotated, and an old file is no larger; in bytes.
  package let sizeLimit: Int64

  /// How many old files stay; with none, the head goes at once.
  package let keptCount: Int

  private static let pieceSize = 1 << 18

  /// Where the log is opened: its path, or its writer's descriptor of one that was removed.
  package private(set) var writtenAt: String

  package init(_ path: String, sizeLimit: Int64, keptCount: Int) {
    files = LogFiles(path)
    writtenAt = path
    self.sizeLimit = sizeLimit
    self.keptCount = keptCount
  }

  /// Ends what an interrupted rotation has left to do, then rotates what the log has now down to the limit.
  ///
  /// What cannot be copied, on a full disk for example, stays in the log. `moved` is told by how many bytes the rest
  /// of the log has moved towards the beginning, each time it has.
  package func rotate(moved: (Int64) -> Void = { _ in }) throws(SystemError) {
    guard FileSystem.exists(writtenAt) else { return }
    let log = try open(O_RDWR)
    if let cut = try files.present().cut { try finish(cut, log, moved) }
    try FileSystem.remove(files.copy)
    // No more often: a writer faster than the disk would keep this busy for ever.
    for _ in 0..<(try log.size() - log.dataStart()) / sizeLimit {
      guard let head = try nextHead(of: log) else { return }
      guard keptCount > 0 else {
        if try log.collapseHead(head.upperBound) {
          moved(head.upperBound)
        } else {
          try log.punchHead(head.upperBound)
        }
        try makeRoom()
        continue
      }
      try copy(head, of: log)
      let cut = LogFiles.Cut(.punch, head: head.upperBound)
      try FileSystem.move(files.copy, to: files.path(of: cut))
      try finish(cut, log, moved)
    }
  }

  /// What the log has now, in bytes, without a hole that it begins with.
  package func size() throws(SystemError) -> Int64 {
    let log = try open(O_RDONLY)
    return try log.size() - log.dataStart()
  }

  /// The same log, which its writer goes on writing at another place since its path was removed; its old ones stay where
  /// they are.
  package func written(at place: String) -> LogRotation {
    var rotation = self
    rotation.writtenAt = place
    return rotation
  }

  /// A descriptor of a process is a link, the log itself never is one.
  private func open(_ flags: Int32) throws(SystemError) -> FileDescriptor {
    try FileDescriptor.open(writtenAt, flags | (writtenAt == files.current ? O_NOFOLLOW : 0))
  }

  /// Where the bytes lie that are to be cut off now, whole blocks; nil while the log is below the limit.
  private func nextHead(of log: borrowing FileDescriptor) throws(SystemError) -> Range<Int64>? {
    let (size, start) = (try log.size(), try log.dataStart())
    guard size - start >= sizeLimit else { return nil }
    let block = try log.blockSize()
    // Never all of the file, which could not be collapsed.
    let end = min(start + max(sizeLimit, block), size - 1) / block * block
    return end > start ? start..<end : nil
  }

  /// Copies part of the log, durably; what was begun and fails is removed.
  private func copy(_ part: Range<Int64>, of log: borrowing FileDescriptor) throws(SystemError) {
    do throws(SystemError) {
      let copy = try FileDescriptor.open(files.copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
      var place = part.lowerBound
      while place < part.upperBound {
        let count = min(Self.pieceSize, Int(part.upperBound - place))
        let piece = try log.read(upTo: count, at: place)
        // Cut short by somebody else meanwhile.
        if piece.isEmpty { break }
        try copy.write(piece)
        place += Int64(piece.count)
      }
      // In the log these bytes may be on disk already; here they must be before they go there.
      let number = copy.rawValue
      _ = try retrying("fdatasync") { fdatasync(number) }
    } catch {
      unlink(files.copy)
      throw SystemError(error.call, files.copy, code: error.code)
    }
  }

  /// Cuts off what has been copied, as far as that is not done, and gives the copy its place among the old files.
  private func finish(
    _ cut: LogFiles.Cut, _ log: borrowing FileDescriptor, _ moved: (Int64) -> Void
  ) throws(SystemError) {
    var cut = cut
    if cut.stage == .punch {
      do throws(SystemError) {
        // A shorter one is another file, put there by somebody since.
        if try log.size() > cut.head { try log.punchHead(cut.head) }
      } catch {
        // Not cut here, and never will be: all of it is still in the log.
        if error.code == EOPNOTSUPP { try FileSystem.remove(files.path(of: cut)) }
        throw SystemError(error.call, files.current, code: error.code)
      }
      let next = LogFiles.Cut(.collapse, head: cut.head)
      try FileSystem.move(files.path(of: cut), to: files.path(of: next))
      cut = next
    }
    // A log that is only appended to begins with a hole as long as it has not been collapsed.
    if try log.size() > cut.head, try log.dataStart() >= cut.head, try log.collapseHead(cut.head) {
      moved(cut.head)
    }
    try makeRoom()
    if keptCount > 0 {
      try FileSystem.move(files.path(of: cut), to: files.old(1))
    } else {
      try FileSystem.remove(files.path(of: cut))
    }
  }

  /// Removes old files beyond those that stay, and renames the others so that there may be a new youngest one.
  ///
  /// Only up to the first number that is free: done again after a crash, it moves none twice.
  private func makeRoom() throws(SystemError) {
    var excess = keptCount + 1
    while try FileSystem.remove(files.old(excess)) { excess += 1 }
    guard keptCount > 1 else { return }
    let free = (1..<keptCount).first { !FileSystem.exists(files.old($0)) } ?? keptCount
    for number in (1..<free).reversed() {
      try FileSystem.move(files.old(number), to: files.old(number + 1))
    }
  }
}
