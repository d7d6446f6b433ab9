import Dispatch
import Glibc
import Host
import Testing

@Suite("UNIX sockets")
struct UnixSocketTests {
  /// Whether a connection waits at a listener; it is taken.
  private func accepts(_ listener: borrowing FileDescriptor) throws -> Bool {
    guard let connection = try UnixSocket.accept(from: listener.rawValue) else { return false }
    _ = consume connection
    return true
  }

  /// Returns when the other end, also one that was never accepted, is gone.
  private func waitForHangUp(_ socket: borrowing FileDescriptor) {
    var poller = pollfd(fd: socket.rawValue, events: 0, revents: 0)
    #expect(poll(&poller, 1, 600_000) == 1)
  }

  @Test("take a path of 107 bytes, and refuse a longer one or one with a null byte whole")
  func pathLength() throws {
    let folder = try TemporaryFolder()
    let longest = folder.file(String(repeating: "x", count: 107 - folder.path.utf8.count - 1))
    #expect(longest.utf8.count == 107)
    let listener = try UnixSocket.listen(at: longest)
    let client = try UnixSocket.connect(to: longest)
    #expect(try accepts(listener))
    _ = consume client
    for path in [longest + "x", longest.dropLast() + "é", folder.file("a\0b")] {
      let error = #expect(throws: SystemError.self) { try UnixSocket.listen(at: path).release() }
      #expect(error?.code == ENAMETOOLONG)
      #expect(error?.subject == path)
    }
  }

  @Test("are reached by ourselves at any depth")
  func deep() throws {
    let folder = try TemporaryFolder()
    let path = folder.file(String(repeating: "d", count: 150)) + "/s"
    try FileSystem.makeDirectory(FileSystem.parent(of: path))
    let listener = try UnixSocket.listen(at: path, .forOurselves)
    let client = try UnixSocket.connect(to: path, .forOurselves)
    #expect(try accepts(listener))
    _ = consume client
    let error = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path).release() }
    #expect(error?.code == ENAMETOOLONG)
  }

  @Test("are private, and replace a socket that stands at the path, but no file")
  func replacing() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    let first = try UnixSocket.listen(at: path)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let second = try UnixSocket.listen(at: path)
    let client = try UnixSocket.connect(to: path)
    #expect(try !accepts(first))
    #expect(try accepts(second))
    _ = consume client
    try folder.write("f", "kept")
    let error = #expect(throws: SystemError.self) { try UnixSocket.listen(at: folder.file("f")).release() }
    #expect(error?.code == EEXIST)
    #expect(try folder.text("f") == "kept")
  }

  @Test("do not wait: nobody listens, or too many wait already")
  func connecting() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    let missing = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path).release() }
    #expect(missing?.code == ENOENT)
    let listener = try UnixSocket.listen(at: path, backlog: 0)
    let first = try UnixSocket.connect(to: path)
    let full = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path).release() }
    #expect(full?.code == EAGAIN)
    try UnixSocket.setBacklog(listener, 10)
    let second = try UnixSocket.connect(to: path)
    _ = consume second
    _ = consume listener
    waitForHangUp(first)
    let refused = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path).release() }
    #expect(refused?.code == ECONNREFUSED)
  }

  @Test("name the user at the other end")
  func peer() throws {
    let pair = try UnixSocket.pair()
    let peer = try UnixSocket.peer(of: pair.first)
    #expect(peer.pid == getpid())
    #expect(peer.uid == getuid())
  }

  @Test("are accepted as they come, until the listener closes")
  func listener() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    let socket = try UnixSocket.listen(at: path)
    let queue = DispatchQueue(label: "listener")
    let (words, feed) = AsyncStream.makeStream(of: String.self)
    let listener = SocketListener(socket, queue: queue) { connection in
      do {
        feed.yield(String(decoding: try connection.read(upTo: 10), as: UTF8.self))
      } catch {
        Issue.record(error)
      }
    }
    // Written before it is accepted only if the connection's bytes are there when the handler reads.
    var texts = words.makeAsyncIterator()
    for number in 1...3 {
      queue.suspend()
      do {
        defer { queue.resume() }
        let client = try UnixSocket.connect(to: path)
        try client.write(Array("\(number)".utf8))
      }
      #expect(await texts.next() == "\(number)")
    }
    // On the queue, so that it is not accepted before the listener closes.
    let number = try queue.sync {
      let client = try UnixSocket.connect(to: path)
      listener.close()
      return client.release()
    }
    let lateClient = FileDescriptor(owning: number)
    waitForHangUp(lateClient)
    let error = #expect(throws: SystemError.self) { try UnixSocket.connect(to: path).release() }
    #expect(error?.code == ECONNREFUSED)
  }
}
