internal import CLinux
internal import Glibc
internal import Host

/// Tells whoever connects what the switch counts: one line of JSON, then the end.
///
/// Nothing is read from anybody.
final class ReportSocket {
  /// Who does not read makes room for others.
  private static let most = 16

  let path: String
  private let listener: FileDescriptor
  private let identity: String

  /// What each client is still to be told.
  private var clients: [Int32: [UInt8]] = [:]

  /// The oldest first.
  private var order: [Int32] = []

  init(_ path: String) throws(SystemError) {
    self.path = path
    listener = try UnixSocket.listen(at: path)
    identity = try FileSystem.identity(of: path)
  }

  deinit {
    for client in order { close(client) }
  }

  var descriptor: Int32 { listener.rawValue }

  /// Takes the next who has connected and begins to tell it; nil when there is none, and its number where there is more
  /// to tell than it has room for.
  func accept(telling report: () -> [UInt8]) throws(SystemError) -> (isMore: Bool, client: Int32)? {
    guard let connection = try UnixSocket.accept(from: listener.rawValue) else { return nil }
    if order.count == Self.most { end(order[0]) }
    let client = connection.release()
    clients[client] = report()
    order.append(client)
    return (goOn(client), client)
  }

  /// Tells a client more; false when it has heard all, or is gone.
  func goOn(_ client: Int32) -> Bool {
    guard let rest = clients[client] else { return false }
    let sent = rest.withUnsafeBytes {
      send(client, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    if sent < 0, errno == EAGAIN || errno == EINTR { return true }
    guard sent > 0, sent < rest.count else {
      end(client)
      return false
    }
    clients[client] = Array(rest[sent...])
    return true
  }

  func removePath() {
    // One that is gone is what is wanted.
    if let found = try? FileSystem.identity(of: path), found == identity { unlink(path) }
  }

  private func end(_ client: Int32) {
    clients[client] = nil
    order.removeAll { $0 == client }
    close(client)
  }
}
