import Glibc
import Host

/// A descriptor that a test talks through: it reads until what it waits for has come, and fails when that is late.
///
/// The actor's queue is its own, so that a call may block there on poll(2).
actor ByteStream {
  nonisolated let executor = QueueExecutor(label: "test stream")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// How long a test waits for anything before it fails: far more than a busy machine needs.
  static let patience: Duration = .seconds(60)

  /// What was waited for did not come.
  struct Unheard: Error, CustomStringConvertible {
    let awaited: String
    let ended: Bool
    let heard: String

    var description: String {
      "waited for \(awaited), \(ended ? "but the stream ended" : "too long"); heard: \(heard.debugDescription)"
    }
  }

  /// A peer that closed its end is an error of the write that finds it, not the end of all tests.
  private static let brokenPipesAreErrors: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  private var descriptor: FileDescriptor?
  private var unread: [UInt8] = []

  init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = consume descriptor
  }

  /// Connects to a UNIX socket.
  init(connectingTo path: String) throws {
    descriptor = try UnixSocket.connect(to: path)
  }

  func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Writes all of it, waiting while the peer takes nothing.
  func write(_ bytes: [UInt8]) throws {
    Self.brokenPipesAreErrors
    guard let number = descriptor?.rawValue else { throw SystemError("write", code: EBADF) }
    let limit = Instant.now + Self.patience
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        guard ready(number, POLLOUT, until: limit) else { throw SystemError("write", code: ETIMEDOUT) }
      } else if errno != EINTR {
        throw SystemError("write")
      }
    }
  }

  /// Reads up to and with the text and returns all of it.
  @discardableResult
  func read(until text: String, within patience: Duration = ByteStream.patience) throws -> String {
    let limit = Instant.now + patience
    let wanted = Array(text.utf8)
    while true {
      if let range = unread.firstRange(of: wanted) { return takeText(range.upperBound) }
      let ended = try !readMore(until: limit)
      if ended || Instant.now >= limit { throw unheard(text.debugDescription, ended: ended) }
    }
  }

  /// Reads a line and drops its end, or returns nil at the end of the stream.
  func readLine(within patience: Duration = ByteStream.patience) throws -> [UInt8]? {
    let limit = Instant.now + patience
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = unread[..<end]
        unread.removeSubrange(...end)
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
      }
      guard try readMore(until: limit) else { return nil }
      if Instant.now >= limit { throw unheard("a line", ended: false) }
    }
  }

  /// Reads to the end of the stream.
  func readToEnd(within patience: Duration = ByteStream.patience) throws -> String {
    let limit = Instant.now + patience
    while try readMore(until: limit) {
      if Instant.now >= limit { throw unheard("the end", ended: false) }
    }
    return takeText(unread.count)
  }

  func close() {
    descriptor = nil
  }

  /// Reads what is there or comes before the moment; false at the end of the stream.
  private func readMore(until limit: Instant) throws -> Bool {
    guard let number = descriptor?.rawValue else { return false }
    guard ready(number, POLLIN, until: limit) else { return true }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(number, &buffer, buffer.count)
    if count > 0 { unread += buffer[..<count] }
    if count < 0 {
      // A pseudoterminal whose other side is closed says EIO; a peer that is gone may say ECONNRESET.
      if errno == EIO || errno == ECONNRESET { return false }
      if errno != EAGAIN, errno != EINTR { throw SystemError("read") }
    }
    return count != 0
  }

  private func ready(_ number: Int32, _ event: Int32, until limit: Instant) -> Bool {
    var poller = pollfd(fd: number, events: Int16(event), revents: 0)
    let left = max(0, (limit - .now).nanoseconds / 1_000_000)
    return poll(&poller, 1, Int32(min(left, 1 << 30))) > 0
  }

  private func takeText(_ count: Int) -> String {
    defer { unread.removeFirst(count) }
    return String(decoding: unread[..<count], as: UTF8.self)
  }

  private func unheard(_ awaited: String, ended: Bool) -> Unheard {
    Unheard(awaited: awaited, ended: ended, heard: String(decoding: unread, as: UTF8.self))
  }
}
