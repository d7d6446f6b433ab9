internal import CLinux
internal import Glibc

/// A lock on a file that is held as long as the open file lives, in whatever process; corresponds to flock(2).
///
/// Passed to a child by descriptor, it is held until the child ends, whatever happens to us.
package struct FileLock: ~Copyable, Sendable {
  package let descriptor: FileDescriptor

  /// Takes the lock, creating the file; nil when somebody holds it.
  ///
  /// With `wait` it blocks instead.
  package static func take(_ path: String, wait: Bool = false) throws(SystemError) -> FileLock? {
    let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    if linux_lock_file(file.rawValue, wait ? 1 : 0) == 0 { return FileLock(descriptor: file) }
    let code = SystemError.lastErrorCode
    guard code == EWOULDBLOCK else { throw SystemError("flock", path, code: code) }
    return nil
  }

  /// Takes the lock, looking again every 10 ms while somebody holds it; nil when he still does at the end.
  ///
  /// For a holder that is on its way out, such as a child between its fork and its exec. It blocks, so it runs on no
  /// shared queue. Nothing tells that a lock has come free but a wait in flock(2), which has no end: a thread of its own
  /// would stay there for as long as a stranger keeps the lock, one more for each attempt.
  package static func take(_ path: String, within patience: Duration) throws(SystemError) -> FileLock? {
    let deadline = Instant.now + patience
    while true {
      if let lock = try take(path) { return lock }
      guard Instant.now < deadline else { return nil }
      usleep(10_000)
    }
  }

  /// Whether somebody holds the lock of a file, which is not made for asking; false when there is none.
  package static func isHeld(_ path: String) throws(SystemError) -> Bool {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW)
    } catch {
      if error.code == ENOENT { return false }
      throw error
    }
    if linux_lock_file(file.rawValue, 0) == 0 { return false }
    let code = SystemError.lastErrorCode
    guard code == EWOULDBLOCK else { throw SystemError("flock", path, code: code) }
    return true
  }

  /// Gives the descriptor up without unlocking what a child has inherited.
  package consuming func release() -> FileDescriptor { descriptor }
}

/// A lock that belongs to this process alone and names it to whoever asks; corresponds to fcntl(2) F_SETLK.
///
/// It is lost when this process closes any descriptor of that file: open the file nowhere else.
package struct ProcessLock: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// Takes the lock and writes what the file says to those who find it held; nil when another process holds it.
  package static func take(_ path: String, saying text: String) throws(SystemError) -> ProcessLock? {
    let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    let number = file.rawValue
    if linux_lock_record(number) != 0 {
      let code = SystemError.lastErrorCode
      guard code == EAGAIN || code == EACCES else { throw SystemError("fcntl", path, code: code) }
      return nil
    }
    let lock = ProcessLock(descriptor: file)
    try lock.say(text)
    return lock
  }

  /// Changes what the file says to those who find it held; whoever watches the file is told.
  package borrowing func say(_ text: String) throws(SystemError) {
    let number = descriptor.rawValue
    let bytes = Array(text.utf8)
    // Written before what is too long is cut off: a reader never finds nothing.
    _ = try retrying("pwrite") { pwrite(number, bytes, bytes.count, 0) }
    _ = try retrying("ftruncate") { ftruncate(number, off_t(bytes.count)) }
  }

  /// The PID of the process that holds the lock, or nil.
  package static func holder(_ path: String) -> Int32? {
    guard let file = try? FileDescriptor.open(path, O_RDWR) else { return nil }  // No file: nobody holds it.
    let holder = linux_record_holder(file.rawValue)
    return holder > 0 ? holder : nil
  }
}
