internal import Glibc

/// TCP over IPv4: how a guest's ports that the host forwards are reached.
package enum TCPSocket {
  /// Begins a connection, without waiting.
  ///
  /// The socket does not block; when it can be written to, `failure` says whether the connection has come about.
  /// Corresponds to connect(2).
  package static func connect(to address: String, port: Int) throws(SystemError) -> FileDescriptor {
    let place = "\(address):\(port)"
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
    guard inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
      throw SystemError("inet_pton", place, code: EINVAL)
    }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let socket = FileDescriptor(owning: try retrying("socket") { Glibc.socket(AF_INET, type, 0) })
    let number = socket.rawValue
    do throws(SystemError) {
      _ = try retrying("connect", place) {
        withUnsafePointer(to: &name) { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
      }
    } catch {
      guard error.code == EINPROGRESS else { throw error }
    }
    return socket
  }

  /// Why the connection that was begun has not come about; nil when it has, or when that is not known yet.
  package static func failure(of socket: borrowing FileDescriptor) -> SystemError? {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    let number = socket.rawValue
    guard getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code != 0 else { return nil }
    return SystemError("connect", code: code)
  }
}
