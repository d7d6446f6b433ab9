package import Dispatch
internal import Glibc

/// A listening socket on a serial queue: hands out each connection as it comes.
///
/// Bound to `queue`. When the system has no descriptor to give, it rests for a second: the source would fire at once
/// again, as the client still waits, and again.
package final class SocketListener {
  private static let rest = Duration.seconds(1)

  private let descriptor: Int32
  private let source: any DispatchSourceRead
  private let accepted: (consuming FileDescriptor) -> Void
  private let queue: DispatchQueue
  private var isResting = false

  /// Whether the last attempt failed: it is said once.
  private var hasFailed = false

  /// Given up for the first rest: the process's first timer needs a descriptor, and there is none then.
  private var spare: FileDescriptor?
  private lazy var waking = DeadlineTimer(queue: queue) { [weak self] in self?.wake() }

  /// Starts to accept at once; the handler owns each connection, which does not block.
  package init(
    _ listener: consuming FileDescriptor, queue: DispatchQueue,
    accepted: @escaping (consuming FileDescriptor) -> Void
  ) {
    self.queue = queue
    self.accepted = accepted
    // Without it a first rest in a process without timers would have no end; that is all it is for.
    // Nobody waits for this device.
    spare = SharedQueues.allowBlocking { try? FileDescriptor.open("/dev/null", O_RDONLY) }
    let descriptor = listener.release()
    self.descriptor = descriptor
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { [weak self] in self?.acceptWaiting() }
    source.setCancelHandler { _ = Glibc.close(descriptor) }
    source.activate()
  }

  deinit {
    // A suspended source must not be let go.
    if isResting { source.resume() }
    source.cancel()
  }

  /// Accepts no more; the path stays.
  package func close() {
    wake()
    source.cancel()
  }

  /// Accepts all who wait now.
  package func acceptWaiting() {
    while !source.isCancelled, !isResting {
      do throws(SystemError) {
        guard let connection = try UnixSocket.accept(from: descriptor) else { return }
        hasFailed = false
        accepted(connection)
      } catch {
        if !hasFailed { Log.note("cannot accept connections: \(error)") }
        hasFailed = true
        return pause()
      }
    }
  }

  private func pause() {
    isResting = true
    source.suspend()
    spare = nil
    waking.arm(at: .now + Self.rest)
  }

  private func wake() {
    guard isResting else { return }
    isResting = false
    source.resume()
  }
}
