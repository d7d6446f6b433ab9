internal import Glibc
internal import Host
internal import JSON
internal import QMP

/// A socket on which QMP messages come and go, waited for in poll(2).
///
/// Owned by one client.
final class ControlLine {
  /// The longest message, in bytes.
  private static let limit = 64 << 20

  private let socket: FileDescriptor
  private var splitter = LineSplitter(limit: limit)
  private var messages: [QMPMessage] = []

  /// Whether the kernel has said that the far end takes nothing any more: what it sent before is read, and no more
  /// waited for.
  private var isPeerGone = false

  /// Takes over a connected socket that does not block.
  init(_ socket: consuming FileDescriptor) {
    self.socket = socket
  }

  /// Sends all of it, and takes in meanwhile what comes: a supervisor whose replies are not read takes no more
  /// commands.
  ///
  /// False when for so long nothing was taken and nothing came: it hangs, or is stopped.
  func send(_ bytes: [UInt8], patience: Duration) throws(QMPDisconnection) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket.rawValue, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
        continue
      }
      let error = SystemError("send")
      switch error.code {
      case EINTR: continue
      case EAGAIN:
        let events = try wait(for: POLLOUT | POLLIN, until: .now + patience)
        if events == 0 { return false }
        if events & POLLIN != 0 { try read() }
      case EPIPE, ECONNRESET:
        isPeerGone = true
        throw .peerGone
      default: throw .failed(error)
      }
    }
    return true
  }

  /// Waits for the next message; nil when the deadline has passed.
  func next(until deadline: Instant?) throws(QMPDisconnection) -> QMPMessage? {
    while messages.isEmpty {
      guard try wait(for: POLLIN, until: isPeerGone ? .now : deadline) != 0 else {
        if isPeerGone { throw .peerGone }
        return nil
      }
      try read()
    }
    return messages.removeFirst()
  }

  /// What there is of the events that are waited for, an end or an error being all of them; nothing when the deadline
  /// has passed.
  private func wait(for events: Int32, until deadline: Instant?) throws(QMPDisconnection) -> Int32 {
    var poller = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    while true {
      // Rounded up, so that the deadline has passed when this ends.
      let rest = deadline.map { max(0, ($0 - .now).nanoseconds + 999_999) / 1_000_000 }
      let ready = poll(&poller, 1, rest.map { Int32(clamping: $0) } ?? -1)
      if ready > 0 {
        let seen = Int32(poller.revents) & events
        return seen == 0 ? events : seen
      }
      let error = SystemError("poll")
      if ready < 0, error.code != EINTR { throw .failed(error) }
      if let deadline, .now >= deadline { return 0 }
    }
  }

  private func read() throws(QMPDisconnection) {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try socket.read(upTo: 65536)
    } catch {
      switch error.code {
      case EAGAIN: return
      case ECONNRESET: throw .peerGone
      default: throw .failed(error)
      }
    }
    guard !bytes.isEmpty else { throw .peerGone }
    if let violation = bytes.withUnsafeBytes({ take($0) }) { throw .violation(violation) }
  }

  /// Keeps the messages that the bytes complete, up to what breaks the protocol.
  private func take(_ bytes: UnsafeRawBufferPointer) -> QMPViolation? {
    var violation: QMPViolation?
    do throws(LineSplitter.LineTooLong) {
      try splitter.feed(bytes) { line in
        guard violation == nil else { return }
        switch QMPMessage.read(line) {
        case .success(let message): messages.append(message)
        case .failure(let error): violation = error
        }
      }
    } catch {
      return .lineTooLong(limit: error.limit)
    }
    return violation
  }
}
