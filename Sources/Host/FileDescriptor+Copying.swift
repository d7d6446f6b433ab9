internal import CLinux
internal import Glibc

/// What tells whether a file was changed between two looks at it.
package struct FileVersion: Sendable, Equatable {
  package let size: Int64
  package let isRegular: Bool
  private let device: UInt64
  private let inode: UInt64

  /// When it was last written, in nanoseconds since 1970.
  package let changedAt: Int64

  fileprivate init(_ status: stat) {
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    changedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}

// A file that becomes the copy of another.
extension FileDescriptor {
  /// The file as it is now; corresponds to fstat(2).
  package borrowing func version() throws(SystemError) -> FileVersion {
    let number = rawValue
    var status = stat()
    _ = try retrying("fstat") { fstat(number, &status) }
    return FileVersion(status)
  }

  /// Makes this empty file share all blocks of another until one of them changes; ioctl_ficlone(2).
  ///
  /// False where the file system cannot, or they lie on two.
  package borrowing func clone(_ source: borrowing FileDescriptor) throws(SystemError) -> Bool {
    let (number, other) = (rawValue, source.rawValue)
    do throws(SystemError) {
      _ = try retrying("ioctl_ficlone") { linux_clone_file(number, other) }
      return true
    } catch {
      if error.code == ENOSPC || error.code == EDQUOT || error.code == EIO { throw error }
      return false
    }
  }

  /// Writes all of it at a place in the file; corresponds to pwrite(2).
  package borrowing func write(_ bytes: [UInt8], at place: Int64) throws(SystemError) {
    let number = rawValue
    var done = 0
    while done < bytes.count {
      let rest = done
      done += try retrying("write") {
        bytes.withUnsafeBytes {
          pwrite(number, $0.baseAddress?.advanced(by: rest), bytes.count - rest, off_t(place) + off_t(rest))
        }
      }
    }
  }

  /// Makes the file that long: what is added is a hole; corresponds to ftruncate(2).
  package borrowing func truncate(to size: Int64) throws(SystemError) {
    let number = rawValue
    _ = try retrying("ftruncate") { ftruncate(number, off_t(size)) }
  }

  /// Makes its bytes durable; corresponds to fsync(2).
  package borrowing func sync() throws(SystemError) {
    let number = rawValue
    _ = try retrying("fsync") { fsync(number) }
  }
}

extension SystemError {
  /// EEXIST of errno(3).
  package static let fileExists = EEXIST
}
