internal import CLinux
internal import Glibc
package import Host

/// Whether another QEMU holds a disk image, as QEMU itself marks it.
///
/// QEMU's file driver locks one byte a permission: 100 and up for what it does, 200 and up for what it lets nobody
/// else do (block/file-posix.c, RAW_LOCK_PERM_BASE). Asked before a start, it names the disk at once; QEMU's own check
/// remains the one that counts.
package enum ImageLock {
  /// The permission to write, BLK_PERM_WRITE, as a bit number.
  private static let write: Int64 = 1

  /// Whether an image can be opened for what is wanted.
  ///
  /// Corresponds to fcntl(2) F_OFD_GETLK.
  package static func isHeld(_ path: String, readOnly: Bool) throws(SystemError) -> Bool {
    let file = try FileDescriptor.open(path, O_RDONLY)
    let bytes = readOnly ? [100 + write] : [100 + write, 200 + write]
    for byte in bytes where linux_is_locked(file.rawValue, byte) == 1 { return true }
    return false
  }
}
