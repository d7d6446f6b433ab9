package import Dispatch
internal import Glibc

/// A listening socket on a serial queue: hands out each connection as it comes.
///
/// Bound to `queue`. Out of descriptors it lets go and looks again when the next client comes.
package final class SocketListener {
  private let source: any DispatchSourceRead

  /// Starts to accept at once; the handler owns each connection, which does not block.
  package init(
    _ listener: consuming FileDescriptor, queue: DispatchQueue,
    accepted: @escaping (consuming FileDescriptor) -> Void
  ) {
    let descriptor = listener.release()
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { [weak self] in
      while let self, !source.isCancelled {
        do throws(SystemError) {
          guard let connection = try UnixSocket.accept(from: descriptor) else { return }
          accepted(connection)
        } catch {
          Log.note("cannot accept a connection: \(error)")
          return
        }
      }
    }
    source.setCancelHandler { _ = Glibc.close(descriptor) }
    source.activate()
  }

  /// Accepts no more; the path stays.
  package func close() {
    source.cancel()
  }

  deinit {
    source.cancel()
  }
}
