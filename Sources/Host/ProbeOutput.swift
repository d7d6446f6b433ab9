package import Glibc

/// What a program that is asked writes to one of its outputs; owned by the one who asks.
package struct ProbeOutput: ~Copyable {
  private let pipe: FileDescriptor
  private var hasEnded = false
  package private(set) var bytes: [UInt8] = []

  package init(_ pipe: consuming FileDescriptor) {
    self.pipe = pipe
  }

  package func setNonBlocking() throws(SystemError) { try pipe.setNonBlocking() }

  /// For poll(2): nothing more is asked of one that has ended.
  package var poller: pollfd { pollfd(fd: hasEnded ? -1 : pipe.rawValue, events: Int16(POLLIN), revents: 0) }

  /// Reads what is there, and no more than one piece beyond the limit.
  package mutating func drain(upTo limit: Int) throws(SystemError) {
    while bytes.count <= limit, let piece = try next() { bytes += piece }
  }

  /// Reads some of what is there, and keeps the last bytes.
  package mutating func drain(keeping limit: Int) throws(SystemError) {
    // One that writes without end must not keep its reader from looking at the clock.
    for _ in 0..<16 {
      guard let piece = try next() else { return }
      bytes = (bytes + piece).suffix(limit)
    }
  }

  /// The next bytes; nil when there are none now.
  private mutating func next() throws(SystemError) -> [UInt8]? {
    guard !hasEnded else { return nil }
    do throws(SystemError) {
      let piece = try pipe.read(upTo: 65536)
      hasEnded = piece.isEmpty
      return piece.isEmpty ? nil : piece
    } catch {
      if error.code == EAGAIN { return nil }
      // A socket whose other end has gone with something unread.
      if error.code == ECONNRESET {
        hasEnded = true
        return nil
      }
      throw error
    }
  }
}
