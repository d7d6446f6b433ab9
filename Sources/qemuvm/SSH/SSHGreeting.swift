internal import Glibc
internal import Host

/// What comes from a port at which an sshd should be: it speaks first; RFC 4253, section 4.2.
///
/// A forwarded port takes a connection whether or not anything in the guest does.
enum SSHGreeting: Equatable {
  case answered

  /// Whoever took the connection has closed it, or nobody did.
  case closed

  /// Something else is there.
  case foreign

  /// Nothing within the time.
  case silent

  static func wait(at host: String, port: Int, until deadline: Instant) throws(SystemError) -> SSHGreeting {
    do throws(SystemError) {
      return try wait(on: try TCPSocket.connect(to: host, port: port), until: deadline)
    } catch {
      if error.code == ECONNREFUSED || error.code == ECONNRESET { return .closed }
      throw error
    }
  }

  private static func wait(
    on socket: consuming FileDescriptor, until deadline: Instant
  ) throws(SystemError) -> SSHGreeting {
    let socket = socket
    defer { withExtendedLifetime(socket) {} }
    var poller = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
    while true {
      let rest = (deadline - .now).nanoseconds
      guard rest > 0 else { return .silent }
      let wait = Int32(clamping: (rest + 999_999) / 1_000_000)
      let count = try retrying("poll") { poll(&poller, 1, wait) }
      guard count > 0 else { continue }
      do throws(SystemError) {
        let words = try socket.read(upTo: 255)
        if words.isEmpty { return .closed }
        return words.starts(with: "SSH-".utf8) ? .answered : .foreign
      } catch {
        if error.code != EAGAIN { throw error }
      }
    }
  }
}
