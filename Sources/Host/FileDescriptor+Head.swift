internal import CLinux
internal import Glibc

// The beginning of a file, cut off while others write to its end.
extension FileDescriptor {
  /// The size in bytes; corresponds to fstat(2).
  package borrowing func size() throws(SystemError) -> Int64 {
    let number = rawValue
    var status = stat()
    _ = try retrying("fstat") { fstat(number, &status) }
    return Int64(status.st_size)
  }

  /// Where the first byte is that was not cut off by a hole; the size when there is none.
  ///
  /// Moves the file's offset. Corresponds to lseek(2) SEEK_DATA.
  package borrowing func dataStart() throws(SystemError) -> Int64 {
    let start = linux_data_start(rawValue)
    if start >= 0 { return start }
    // A file system that knows nothing of holes has none.
    return SystemError.lastErrorCode == ENXIO ? try size() : 0
  }

  /// Gives the space of the first bytes back: they read as NULs from here on, and take none.
  ///
  /// Corresponds to fallocate(2) FALLOC_FL_PUNCH_HOLE.
  package borrowing func punchHead(_ bytes: Int64) throws(SystemError) {
    let number = rawValue
    _ = try retrying("fallocate") { linux_punch_head(number, bytes) }
  }

  /// Removes the first bytes, whole blocks and not all of the file: what follows moves to the beginning.
  ///
  /// A file opened with O_APPEND may be written meanwhile. False where the file system cannot do it. Corresponds to
  /// fallocate(2) FALLOC_FL_COLLAPSE_RANGE.
  package borrowing func collapseHead(_ bytes: Int64) throws(SystemError) -> Bool {
    let number = rawValue
    do throws(SystemError) {
      _ = try retrying("fallocate") { linux_collapse_head(number, bytes) }
      return true
    } catch {
      // EINVAL: its blocks are larger than it says.
      if error.code == EOPNOTSUPP || error.code == EINVAL { return false }
      throw error
    }
  }

  /// The size of the file system's blocks; corresponds to fstatvfs(3).
  package borrowing func blockSize() throws(SystemError) -> Int64 {
    let number = rawValue
    var status = statvfs()
    _ = try retrying("fstatvfs") { fstatvfs(number, &status) }
    return max(Int64(status.f_bsize), Int64(status.f_frsize))
  }
}
