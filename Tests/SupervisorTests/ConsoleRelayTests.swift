import Control
import Dispatch
import Glibc
import Host
import Testing

@testable import Supervisor

/// The console between its users and a guest that the test plays.
@Suite struct ConsoleRelayTests {
  private static let input = (0..<100_000).flatMap { Array("line \($0)\n".utf8) }

  @Test("a guest that takes its time gets all that was typed, also when whoever typed it has gone")
  func slowGuest() async throws {
    let folder = try LedgerFolder()
    let (users, guest) = (folder.path + "/users", folder.path + "/guest")
    let listener = try UnixSocket.listen(at: guest)
    let desk = Desk()
    try await desk.open(at: users, upstreamPath: guest)
    let typed = Self.input
    // On a thread of its own, since tests that wait may have those of tasks; it ends with its connection.
    let typing = Lane("who types")
    typing.add {
      do {
        try Self.send(typed, to: try UnixSocket.connect(to: users))
      } catch {
        Issue.record(error)
      }
    }
    let connection = try Self.accept(from: listener)
    var taken: [UInt8] = []
    while taken.count < typed.count {
      guard Self.isReady(connection, POLLIN) else { break }
      let piece = try connection.read(upTo: 1 << 20)
      if piece.isEmpty { break }
      taken += piece
    }
    #expect(taken.elementsEqual(typed), "\(taken.count) of \(typed.count) bytes")
    await typing.run {}
    // It is told that nobody is left, and may still answer; then another comes.
    let hasEnded = Self.isReady(connection, POLLIN)
    #expect(hasEnded)
    #expect(try connection.read(upTo: 1).isEmpty)
    try connection.write(Array("echo".utf8))
    let next = try UnixSocket.connect(to: users)
    let nextConnection = try Self.accept(from: listener)
    try nextConnection.write(Array("hello".utf8))
    let isServed = Self.isReady(next, POLLIN)
    #expect(isServed)
    #expect(try next.read(upTo: 10) == Array("hello".utf8))
    await desk.close()
  }

  /// A relay on its queue.
  private actor Desk {
    private nonisolated let executor = QueueExecutor(label: "relay")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var relay: ConsoleRelay?

    func open(at path: String, upstreamPath: String) throws(SystemError) {
      let relay = ConsoleRelay(at: path, queue: executor.queue) { [weak self] in
        self?.assumeIsolated { $0.connect(to: upstreamPath) }
      }
      relay.listen(on: try UnixSocket.listen(at: path))
      self.relay = relay
    }

    private func connect(to path: String) {
      // Later, as from a lane.
      executor.queue.async { [weak self] in
        let result = Result { () throws(SystemError) in PassedDescriptor(try UnixSocket.connect(to: path)) }
        self?.assumeIsolated { $0.relay?.guestConnected(result) }
      }
    }

    func close() { relay?.close() }
  }

  private static func send(_ bytes: [UInt8], to socket: borrowing FileDescriptor) throws {
    var done = 0
    while done < bytes.count {
      guard isReady(socket, POLLOUT) else { throw SystemError("poll", code: ETIMEDOUT) }
      let number = socket.rawValue
      done += try retrying("write") {
        bytes.withUnsafeBytes { write(number, $0.baseAddress?.advanced(by: done), $0.count - done) }
      }
    }
  }

  private static func accept(from listener: borrowing FileDescriptor) throws -> FileDescriptor {
    guard isReady(listener, POLLIN), let connection = try UnixSocket.accept(from: listener.rawValue) else {
      throw SystemError("accept", code: ETIMEDOUT)
    }
    return connection
  }

  /// False when nothing has happened for ten minutes.
  private static func isReady(_ socket: borrowing FileDescriptor, _ event: Int32) -> Bool {
    var poller = pollfd(fd: socket.rawValue, events: Int16(event), revents: 0)
    return poll(&poller, 1, 600_000) > 0
  }
}
