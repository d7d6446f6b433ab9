internal import CLinux
internal import Glibc
package import Host
internal import Machine

/// Whether another QEMU holds a disk image, as QEMU itself marks it, and who that is.
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
    let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
    let bytes = readOnly ? [100 + write] : [100 + write, 200 + write]
    for byte in bytes where linux_is_locked(file.rawValue, byte) == 1 { return true }
    return false
  }

  /// Who holds an image, in words: a VM, or another process; one that cannot be found is not named.
  ///
  /// `state` is the folder whose VMs are called by their names. The kernel tells no holder of such a lock, so the
  /// processes are looked through: some milliseconds.
  package static func holder(of path: String, state: String) -> String {
    for process in ProcessTable.lockHolders(of: path) where process.pid != getpid() {
      if let name = vm(heldBy: process.pid, state: state) {
        return "the VM \(name) has it open (its QEMU is process \(process.pid))"
      }
      return "process \(process.pid) (\(process.name)) has it open"
    }
    return "another process holds QEMU's lock on it"
  }

  /// The VM whose QEMU a process is, by the lock that it holds; nil for any other.
  static func vm(heldBy pid: Int32, state: String) -> String? {
    guard let lock = ProcessTable.heldFile(pid: pid, descriptor: Launch.lockDescriptor),
      lock.hasSuffix("/lock")
    else { return nil }
    return vm(of: FileSystem.parent(of: lock), state: state)
  }

  private static func vm(of folder: String, state: String) -> String? {
    let root = state + "/vms/"
    let isOurs = folder.hasPrefix(root)
    guard isOurs || folder.contains("/vms/"), let slash = folder.lastIndex(of: "/") else { return nil }
    // A folder that is no VM's has no VM's name.
    guard let name = try? VMName(id: String(folder[folder.index(after: slash)...])) else { return nil }
    return isOurs
      ? "\(name)" : "\(name) of the fleet in \(FileSystem.parent(of: FileSystem.parent(of: folder)))"
  }
}
