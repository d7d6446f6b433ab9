package import Dispatch
internal import Glibc

/// A connected stream socket on a serial queue: bytes come in as they arrive, bytes go out as the peer takes them.
///
/// Bound to `queue`: every method is called on it, and both handlers run on it. The read source is drained until
/// EAGAIN each time; after `turn` bytes it rests a moment, so that others whose queues share a thread with this one go
/// first. The write source exists only while output is queued. `end` is called once, after the last bytes, unless
/// `close` came first.
package final class SocketStream {
  /// How a stream ended.
  package enum End: Sendable, Equatable {
    /// The peer is gone: end of file or ECONNRESET, which mean the same after a peer's exit.
    case closedByPeer

    /// The peer took none of the output for so long that it passed the limit, in bytes.
    case outputLimit(Int)

    case failed(SystemError)
  }

  /// What is read in one go before others have their turn, in bytes.
  package static let turn = 256 << 10

  package let queue: DispatchQueue

  /// Output that the peer has not taken yet, in bytes.
  package var queuedBytes: Int { output.count - written }

  /// Called each time when output that had to wait has been sent.
  package var drained: (() -> Void)?

  /// How long it rests when it has read all that was there, so that many small pieces are read together: up to four
  /// times as long while they are few.
  ///
  /// For a peer that never stops; its own buffer grows by what comes meanwhile.
  package var pause = Duration.zero {
    didSet { if pause != oldValue { nextSuspension = pause } }
  }

  /// How much read in one go makes the next rest longer where it is less, and shorter where it is more, in bytes.
  private static let (little, much) = (48 << 10, 96 << 10)

  private var nextSuspension = Duration.zero

  /// Whether what comes is read; while it is not, the peer is held up as soon as the kernel's buffer is full.
  ///
  /// What has come meanwhile is told before the setting of it returns, up to a turn.
  package var isReading = true {
    didSet {
      guard isOpen, isReading != oldValue, !isSuspended else { return }
      if isReading {
        reading?.resume()
        // The source may not tell it again.
        drain()
      } else {
        reading?.suspend()
      }
    }
  }

  private let descriptor: Int32
  private let outputLimit: Int
  private let bytes: (UnsafeRawBufferPointer) -> Void
  private let end: (End) -> Void

  /// Nil once it is cancelled, and where the kernel can watch no more: then the stream ends at once.
  private var reading: (any DispatchSourceRead)?

  /// Whether no source closes the descriptor.
  private var isUnwatched = false
  private var writing: (any DispatchSourceRead)?
  private var output: [UInt8] = []
  private var written = 0
  private var isOpen = true

  /// Whether the kernel has said that the peer takes nothing any more: what it sent before is read, and then this ends.
  private var isPeerGone = false

  /// How often something was read.
  private var reads = 0

  /// Whether it rests, with its source suspended; then it goes on behind what waits on the thread, not only on this
  /// queue.
  private var isSuspended = false
  private lazy var nextTurn = DeadlineTimer(queue: queue) { [weak self] in self?.goOn() }

  /// Called when the output is sent and the stream closed; nil unless `closeWhenSent` was called.
  private var sent: (() -> Void)?

  /// Starts to read at once.
  ///
  /// The socket must not block.
  package init(
    _ socket: consuming FileDescriptor, queue: DispatchQueue, outputLimit: Int,
    bytes: @escaping (UnsafeRawBufferPointer) -> Void, end: @escaping (End) -> Void
  ) {
    self.queue = queue
    self.outputLimit = outputLimit
    self.bytes = bytes
    self.end = end
    let descriptor = socket.release()
    self.descriptor = descriptor
    do throws(SystemError) {
      let source = try ReadinessSource.reading(descriptor, queue: queue) { _ = Glibc.close(descriptor) }
      source.setEventHandler { [weak self] in self?.drain() }
      source.activate()
      reading = source
    } catch {
      isUnwatched = true
      // Its owner has not got it yet.
      queue.async(execute: DispatchWorkItem { [weak self] in self?.finish(.failed(error)) })
    }
  }

  deinit {
    writing?.cancel()
    cancelReading()
  }

  /// A source that is suspended is cancelled when it is resumed.
  private func cancelReading() {
    if isUnwatched {
      isUnwatched = false
      _ = Glibc.close(descriptor)
    }
    guard let source = reading.take() else { return }
    source.cancel()
    if !isReading || isSuspended { source.resume() }
  }

  /// Queues bytes behind those already queued and sends what the peer takes now.
  package func write(_ more: [UInt8]) {
    dispatchPrecondition(condition: .onQueue(queue))
    guard isOpen else { return }
    output.append(contentsOf: more)
    flush()
    if isOpen, queuedBytes > outputLimit { finish(.outputLimit(outputLimit)) }
  }

  /// Says that nothing more will be sent, and reads on: `end` tells when the peer has read all and closes.
  ///
  /// A peer that finds the connection gone may leave unread what was sent before.
  package func endOutput() {
    dispatchPrecondition(condition: .onQueue(queue))
    if isOpen { _ = shutdown(descriptor, Int32(SHUT_WR)) }
  }

  /// Closes once what is queued has been sent, and then calls the handler; at once if nothing is queued.
  ///
  /// Until then it reads on, and `end` is called instead if the peer goes first.
  package func closeWhenSent(_ sent: @escaping () -> Void) {
    dispatchPrecondition(condition: .onQueue(queue))
    guard isOpen else { return }
    self.sent = sent
    if queuedBytes == 0 { finishSending() }
  }

  /// Reads what has come and was not told yet, the end too if it has come, up to a turn; true when there was anything.
  @discardableResult
  package func readWaiting() -> Bool {
    dispatchPrecondition(condition: .onQueue(queue))
    let before = (reads, isOpen)
    drain()
    return before != (reads, isOpen)
  }

  /// Drops the connection; no handler is called after it.
  package func close() {
    dispatchPrecondition(condition: .onQueue(queue))
    guard isOpen else { return }
    isOpen = false
    sent = nil
    writing?.cancel()
    writing = nil
    _ = shutdown(descriptor, Int32(SHUT_RDWR))
    cancelReading()
  }

  private func drain() {
    // Nearly all that comes is short. A large buffer for each message would be cut up by what lives longer, and the
    // heap would grow by as much.
    var size = 4096
    var left = Self.turn
    while isOpen, isReading, let count = readOnce(upTo: size) {
      left -= count
      if left <= 0 { return suspendReading(for: .zero) }
      if count == size { size = 65536 }
    }
    guard isOpen, isReading else { return }
    if isPeerGone { return finish(.closedByPeer) }
    guard pause > .zero else { return }
    let count = Self.turn - left
    if count < Self.little { nextSuspension = min(nextSuspension * 2, pause * 4) }
    if count > Self.much { nextSuspension = max(nextSuspension / 2, pause) }
    suspendReading(for: nextSuspension)
  }

  private func suspendReading(for time: Duration) {
    guard isOpen, isReading, !isSuspended else { return }
    isSuspended = true
    reading?.suspend()
    nextTurn.arm(at: .now + max(time, pause))
  }

  private func goOn() {
    guard isOpen, isSuspended else { return }
    isSuspended = false
    guard isReading else { return }
    reading?.resume()
    drain()
  }

  /// Hands on what one read gives, and tells its length; nil when nothing is there, or nothing more will come.
  private func readOnce(upTo size: Int) -> Int? {
    withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 {
          reads &+= 1
          bytes(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          return count
        }
        switch count == 0 ? ECONNRESET : errno {
        case EINTR: continue
        case EAGAIN: return nil
        case ECONNRESET: finish(.closedByPeer)
        default: finish(.failed(SystemError("read")))
        }
        return nil
      }
    }
  }

  private func flush() {
    while queuedBytes > 0 {
      let count = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        written += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: return waitUntilWritable()
      case EPIPE, ECONNRESET: return losePeer()
      default: return finish(.failed(SystemError("send")))
      }
    }
    dropOutput()
  }

  /// What the peer sent before it went is still to be read; one that only reads no more says nothing of an end, and what
  /// was meant for it is lost.
  private func losePeer() {
    let isNews = !isPeerGone
    isPeerGone = true
    dropOutput()
    guard isNews, isOpen else { return }
    // Not from inside of what has been read and calls this.
    queue.async(
      execute: DispatchWorkItem { [weak self] in
        if let self, !isSuspended { drain() }
      })
  }

  private func dropOutput() {
    output.removeAll(keepingCapacity: output.capacity <= 4096)
    written = 0
    let hasWaited = writing != nil
    writing?.cancel()
    writing = nil
    finishSending()
    if hasWaited, isOpen { drained?() }
  }

  private func finishSending() {
    guard let sent else { return }
    close()
    sent()
  }

  private func waitUntilWritable() {
    if written > 65536 {
      output.removeFirst(written)
      written = 0
    }
    guard writing == nil else { return }
    do throws(SystemError) {
      let source = try ReadinessSource.writing(descriptor, queue: queue)
      source.setEventHandler { [weak self] in self?.flush() }
      source.activate()
      writing = source
    } catch {
      finish(.failed(error))
    }
  }

  private func finish(_ how: End) {
    guard isOpen else { return }
    close()
    end(how)
  }
}
