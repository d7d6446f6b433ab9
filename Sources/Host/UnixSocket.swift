internal import CLinux
internal import Glibc

/// UNIX stream sockets by path; corresponds to unix(7).
package enum UnixSocket {
  /// The longest path that fits into an address, in bytes.
  package static let longestPath = 107

  /// How long a socket's path may be.
  package enum Depth: Sendable {
    /// At most `longestPath`, so that every program reaches it.
    case forEveryone

    /// Of any length: only qemuvm itself is to reach it, through a descriptor of its folder.
    case forOurselves
  }

  /// Binds and listens, removing a socket that stands at the path: call it only with the right to the path in hand.
  package static func listen(
    at path: String, _ depth: Depth = .forEveryone, backlog: Int32 = 128
  ) throws(SystemError) -> FileDescriptor {
    SharedQueues.assertMayBlock(path)
    let socket = FileDescriptor(owning: try retrying("socket") { linux_unix_socket(1) })
    let number = socket.rawValue
    try bindPrivately(number, to: path, depth)
    _ = try retrying("listen", path) { Glibc.listen(number, backlog) }
    return socket
  }

  /// Binds a socket for datagrams, removing a socket that stands at the path, as above.
  ///
  /// It does not block.
  package static func datagrams(at path: String) throws(SystemError) -> FileDescriptor {
    SharedQueues.assertMayBlock(path)
    let socket = FileDescriptor(owning: try retrying("socket") { linux_datagram_socket() })
    try bindPrivately(socket.rawValue, to: path, .forEveryone)
    return socket
  }

  private static func bindPrivately(_ number: Int32, to path: String, _ depth: Depth) throws(SystemError) {
    var status = stat()
    // Also a link to one, by which a socket is named whose own path was removed.
    if lstat(path, &status) == 0 {
      guard [S_IFSOCK, S_IFLNK].contains(status.st_mode & S_IFMT) else {
        throw SystemError("bind", path, code: EEXIST)
      }
      unlink(path)
    }
    _ = try withAddress(path, depth) { address, size throws(SystemError) in
      try retrying("bind", path) { bind(number, address, size) }
    }
    _ = try retrying("chmod", path) { fchmodat(AT_FDCWD, path, 0o600, AT_SYMLINK_NOFOLLOW) }
  }

  /// A socket's place in the file system, kept as a descriptor: who holds it can be reached through
  /// `/proc/PID/fd/NUMBER` when the path itself is gone.
  ///
  /// Corresponds to open(2) O_PATH.
  package static func pathDescriptor(of path: String) throws(SystemError) -> FileDescriptor {
    SharedQueues.assertMayBlock(path)
    return FileDescriptor(owning: try retrying("open", path) { linux_open_place(path) })
  }

  /// Sets a listener's backlog anew, also one that another process listens on.
  package static func setBacklog(_ listener: borrowing FileDescriptor, _ backlog: Int32) throws(SystemError) {
    let number = listener.rawValue
    _ = try retrying("listen") { Glibc.listen(number, backlog) }
  }

  /// The path at which a socket listens that somebody else has made; nil of what is no such socket.
  ///
  /// Corresponds to getsockopt(2) SO_ACCEPTCONN and getsockname(2).
  package static func pathOfListener(_ socket: borrowing FileDescriptor) -> String? {
    let number = socket.rawValue
    var listens: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens == 1 else {
      return nil
    }
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        getsockname(number, generic, &length) == 0
      }
    }
    guard isNamed, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
    let path = withUnsafeBytes(of: address.sun_path) { $0.prefix { $0 != 0 } }
    return path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
  }

  /// Connects without waiting.
  ///
  /// EAGAIN says that the listener's backlog is full. The socket does not block.
  package static func connect(
    to path: String, _ depth: Depth = .forEveryone
  ) throws(SystemError) -> FileDescriptor {
    SharedQueues.assertMayBlock(path)
    let socket = FileDescriptor(owning: try retrying("socket") { linux_unix_socket(1) })
    let number = socket.rawValue
    _ = try withAddress(path, depth) { address, size throws(SystemError) in
      try retrying("connect", path) { Glibc.connect(number, address, size) }
    }
    return socket
  }

  /// Takes the next connection, or nil when none waits.
  ///
  /// The socket does not block.
  package static func accept(from listener: Int32) throws(SystemError) -> FileDescriptor? {
    do throws(SystemError) {
      return FileDescriptor(owning: try retrying("accept4") { linux_accept(listener) })
    } catch {
      if error.code == EAGAIN || error.code == ECONNABORTED { return nil }
      throw error
    }
  }

  /// Two sockets connected to each other that do not block.
  package static func pair() throws(SystemError) -> Pair {
    var (first, second): (Int32, Int32) = (-1, -1)
    _ = try retrying("socketpair") { linux_socket_pair(1, &first, &second) }
    return Pair(first: FileDescriptor(owning: first), second: FileDescriptor(owning: second))
  }

  package struct Pair: ~Copyable, Sendable {
    package let first: FileDescriptor
    package let second: FileDescriptor

    /// Keeps the first end and closes the other.
    package consuming func takeFirst() -> FileDescriptor { first }
  }

  /// The user who connected or listened; SO_PEERCRED of unix(7).
  package static func peer(of socket: borrowing FileDescriptor) throws(SystemError) -> (
    pid: Int32, uid: UInt32
  ) {
    let number = socket.rawValue
    var (pid, uid): (Int32, UInt32) = (0, 0)
    _ = try retrying("getsockopt") { linux_peer(number, &pid, &uid) }
    return (pid, uid)
  }

  private static func withAddress<Result>(
    _ path: String, _ depth: Depth, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    guard depth == .forOurselves, path.utf8.count > longestPath else {
      return try withAddress(path, of: path, body)
    }
    let parent = FileSystem.parent(of: path)
    let folder = try folderPlace(parent)
    let name = path.dropFirst(parent.count).drop { $0 == "/" }
    return try withAddress("/proc/self/fd/\(folder.rawValue)/\(name)", of: path, body)
  }

  /// A folder as a descriptor with a high number.
  ///
  /// A process that is handed a socket bound by it has no such descriptor: what it removes at its end, by the socket's
  /// own address, is then nothing.
  private static func folderPlace(_ path: String) throws(SystemError) -> FileDescriptor {
    let folder = try pathDescriptor(of: path)
    do throws(SystemError) {
      return try folder.duplicate(atLeast: 900)
    } catch {
      // Where so many are not allowed, a low one has to do.
      return folder
    }
  }

  private static func withAddress<Result>(
    _ text: String, of path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    var address = try self.address(text, of: path)
    return try withUnsafePointer(to: &address) { pointer throws(SystemError) in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic throws(SystemError) in
        try body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
  private static func address(_ text: String, of path: String) throws(SystemError) -> sockaddr_un {
    let text = Array(text.utf8)
    guard text.count <= longestPath, !text.contains(0) else {
      throw SystemError(
        "socket path of \(text.count) bytes, \(longestPath) at most", path, code: ENAMETOOLONG)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
    return address
  }

  /// The other end of a socket for datagrams, by its path, made once and used often.
  package struct Peer: Sendable {
    private let address: sockaddr_un

    package init(_ path: String) throws(SystemError) {
      address = try UnixSocket.address(path, of: path)
    }

    /// Connects a socket to it: from then on the socket hears of nobody else, and what it sends goes there.
    ///
    /// False when nobody is there. Corresponds to connect(2).
    package func connect(_ socket: borrowing FileDescriptor) -> Bool {
      withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          Glibc.connect(socket.rawValue, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
    }

    /// Takes a socket's connection back: it hears of everyone again.
    package static func disconnect(_ socket: borrowing FileDescriptor) {
      var nobody = sockaddr()
      nobody.sa_family = sa_family_t(AF_UNSPEC)
      Glibc.connect(socket.rawValue, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    }
  }
}
