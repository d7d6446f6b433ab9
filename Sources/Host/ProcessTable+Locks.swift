internal import Glibc

extension ProcessTable {
  /// A process by its number, and its name as ps(1) has it.
  package struct Entry: Sendable, Equatable {
    package let pid: Int32
    package let name: String
  }

  /// The processes with a lock of fcntl(2) on a file, as far as this user may look into them.
  ///
  /// One pass over /proc and the descriptors in it: `lock:` in proc(5)'s fdinfo.
  package static func lockHolders(of path: String) -> [Entry] {
    // Without /proc nothing can be found.
    ((try? FileSystem.names(in: "/proc")) ?? []).compactMap { name in
      guard let pid = Int32(name), holdsRecordLock(pid: pid, on: path) else { return nil }
      // It has just ended: no name.
      let text = (try? FileSystem.read("/proc/\(pid)/comm")).map { String(decoding: $0, as: UTF8.self) }
      return Entry(pid: pid, name: text?.split(separator: "\n").first.map(String.init) ?? "?")
    }
  }

  /// The processes with a lock of flock(2) on a file, as far as this user may look into them.
  ///
  /// Looks at every descriptor of every process.
  package static func flockHolders(of file: String) -> [Int32] {
    // What ends meanwhile, or belongs to another user, has nothing to list.
    ((try? FileSystem.names(in: "/proc")) ?? []).compactMap(Int32.init).filter { pid in
      ((try? FileSystem.names(in: "/proc/\(pid)/fd")) ?? []).compactMap(Int32.init).contains {
        heldFile(pid: pid, descriptor: $0) == file && holdsLock(pid: pid, descriptor: $0)
      }
    }
  }

  private static func holdsRecordLock(pid: Int32, on path: String) -> Bool {
    // Another user's process, or one that has ended.
    guard let numbers = try? FileSystem.names(in: "/proc/\(pid)/fdinfo") else { return false }
    return numbers.contains { number in
      // It has just been closed: no lock.
      guard let bytes = try? FileSystem.read("/proc/\(pid)/fdinfo/\(number)") else { return false }
      let isLocked = String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains {
        $0.hasPrefix("lock:") && ($0.contains("OFDLCK") || $0.contains("POSIX"))
      }
      return isLocked && FileSystem.isSameFile("/proc/\(pid)/fd/\(number)", path)
    }
  }
}
