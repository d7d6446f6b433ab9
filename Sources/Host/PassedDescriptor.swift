internal import Synchronization

/// A descriptor on its way from one thread to another: whoever takes it owns it, and untaken it closes.
package final class PassedDescriptor: Sendable {
  private let descriptor: Mutex<FileDescriptor?>

  package init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = Mutex(descriptor)
  }

  /// Nil once it was taken.
  package func take() -> FileDescriptor? { descriptor.withLock { $0.take() } }

  /// Where it listens, of a socket that does; nil once it was taken.
  package var listenerPath: String? {
    descriptor.withLock { held in
      guard let socket = held.take() else { return nil }
      let path = UnixSocket.pathOfListener(socket)
      held = consume socket
      return path
    }
  }
}
