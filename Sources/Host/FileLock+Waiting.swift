internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

extension FileLock {
  /// Takes the lock, waiting at most so long for who holds it; nil when he still does.
  ///
  /// flock(2) knows no deadline: another thread waits in it, and gives up again what comes too late. It blocks.
  package static func take(_ path: String, waiting patience: Duration) throws(SystemError) -> FileLock? {
    if let lock = try take(path) { return lock }
    guard patience > .zero else { return nil }
    let turn = LockTurn(try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW), path)
    DispatchQueue(label: "lock").async { turn.wait() }
    return try turn.end(within: patience).map { FileLock(descriptor: FileDescriptor(owning: $0)) }
  }
}

/// One thread's wait for a lock that another thread wants to have in time; safe on both.
private final class LockTurn: Sendable {
  private enum State {
    case waiting
    case over(SystemError?)
    case givenUp
  }

  private let path: String
  private let file: Int32
  private let state = Mutex(State.waiting)
  private let isOver = DispatchSemaphore(value: 0)

  init(_ file: consuming FileDescriptor, _ path: String) {
    self.file = file.release()
    self.path = path
  }

  /// Blocks until the lock is ours, and drops it where nobody wants it any more.
  func wait() {
    let error = linux_lock_file(file, 1) == 0 ? nil : SystemError("flock", path)
    let isUnwanted = state.withLock { state in
      if case .givenUp = state { return true }
      state = .over(error)
      return false
    }
    if isUnwanted { close(file) }
    isOver.signal()
  }

  /// The file's descriptor once it is locked; nil when the time is up.
  func end(within patience: Duration) throws(SystemError) -> Int32? {
    _ = isOver.wait(timeout: .now() + .nanoseconds(Int(clamping: max(0, patience.nanoseconds))))
    let error: SystemError?? = state.withLock { state in
      if case .over(let error) = state { return .some(error) }
      state = .givenUp
      return nil
    }
    guard let error else { return nil }
    if let error {
      close(file)
      throw error
    }
    return file
  }
}
