package import Dispatch
internal import Glibc

/// A TCP connection that is watched for what its far end does first; bound to the queue it was made with.
///
/// It ends with this object.
package final class PortWatch {
  /// What the far end has done.
  package enum Event: Sendable, Equatable {
    /// It has said something: the beginning of it.
    case spoke([UInt8])

    /// It has closed the connection, or not taken it.
    case closed
  }

  private let source: any DispatchSourceRead

  /// Begins a connection; the handler is called once on the queue, unless that is never.
  package init(
    host: String, port: Int, queue: DispatchQueue, _ handler: @escaping (Event) -> Void
  ) throws(SystemError) {
    let number = try TCPSocket.connect(to: host, port: port).release()
    do throws(SystemError) {
      source = try ReadinessSource.reading(number, queue: queue) { close(number) }
    } catch {
      close(number)
      throw error
    }
    source.setEventHandler { [weak self] in
      guard let self, !source.isCancelled else { return }
      var bytes = [UInt8](repeating: 0, count: 256)
      let count = recv(number, &bytes, bytes.count, 0)
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      source.cancel()
      handler(count > 0 ? .spoke(Array(bytes.prefix(count))) : .closed)
    }
    source.activate()
  }

  deinit {
    source.cancel()
  }
}
