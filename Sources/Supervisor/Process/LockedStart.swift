internal import Host

/// A lock that a process is started with: while this is held, no other process of that kind can be.
///
/// The child has the lock at the descriptor where it is looked for, and keeps it for as long as it lives.
struct LockedStart: ~Copyable {
  private let lock: FileLock

  /// Takes the lock, blocking on the folder it lies in; nil when somebody has it.
  init?(_ path: String) throws(SystemError) {
    guard let lock = try FileLock.take(path) else { return nil }
    self.lock = lock
  }

  /// As above, looking again while somebody has it who may be on its way out.
  init?(_ path: String, within patience: Duration) throws(SystemError) {
    guard let lock = try FileLock.take(path, within: patience) else { return nil }
    self.lock = lock
  }

  /// Starts a program that has the lock in its hands; it blocks on the file system that the program lies on.
  borrowing func spawn(_ launch: ChildProcess.Launch) throws(SystemError) -> ChildProcess {
    var launch = launch
    launch.descriptors[Launch.lockDescriptor] = lock.descriptor.rawValue
    // Optimized, it would be closed after its last mention, which is before the child has it.
    defer { withExtendedLifetime(lock) {} }
    return try ChildProcess(launch)
  }
}
