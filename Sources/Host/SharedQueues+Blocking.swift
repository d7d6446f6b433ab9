internal import Dispatch
internal import Glibc

// Nothing that may wait for a disk, for another process or for a server runs on a shared queue: all others on it would
// wait as well. A debug build ends where that is not so.
extension SharedQueues {
  /// What may wait is about to begin: for the path, or whatever it is named by.
  static func assertMayBlock(_ subject: @autoclosure () -> String) {
    assert(mayBlock, "\(subject()) is waited for on a shared queue")
  }

  /// Runs what touches a path on whatever queue this is, for a reason that stands there: the kernel answers from what it
  /// has at hand, or nobody is served yet.
  package static func allowBlocking<Value: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    #if DEBUG
      let before = pthread_getspecific(exemption)
      pthread_setspecific(exemption, UnsafeRawPointer(bitPattern: 1))
      defer { pthread_setspecific(exemption, before) }
    #endif
    return try body()
  }

  static func mark(_ queue: DispatchQueue) -> DispatchQueue {
    #if DEBUG
      queue.setSpecific(key: sharedMark, value: true)
    #endif
    return queue
  }

  /// Whether this thread works for no shared queue, nor for one that has it for its target.
  private static var mayBlock: Bool {
    DispatchQueue.getSpecific(key: sharedMark) != true || pthread_getspecific(exemption) != nil
  }
}

private let sharedMark = DispatchSpecificKey<Bool>()

/// Set on a thread while it runs what only looks as if it could wait.
private let exemption = {
  var key = pthread_key_t()
  pthread_key_create(&key, nil)
  return key
}()
