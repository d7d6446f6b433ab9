import Dispatch
import Glibc
import Host
import Synchronization
import Testing

/// A stream on a queue of its own, and what it was told.
private actor Listener {
  enum Sign: Sendable, Equatable {
    case bytes([UInt8])
    case end(SocketStream.End)
    case sent

    var received: [UInt8] {
      if case .bytes(let bytes) = self { bytes } else { [] }
    }
  }

  nonisolated let executor = QueueExecutor(label: "stream")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
  nonisolated let signs: AsyncStream<Sign>

  private let feed: AsyncStream<Sign>.Continuation
  private var stream: SocketStream?

  init() {
    (signs, feed) = AsyncStream.makeStream()
  }

  func open(_ socket: consuming FileDescriptor, outputLimit: Int = 1 << 20) {
    let feed = feed
    stream = SocketStream(
      socket, queue: executor.queue, outputLimit: outputLimit,
      bytes: { feed.yield(.bytes(Array($0))) },
      end: { end in
        feed.yield(.end(end))
        feed.finish()
      })
  }

  func write(_ bytes: [UInt8]) { stream?.write(bytes) }

  func closeWhenSent() {
    let feed = feed
    stream?.closeWhenSent {
      feed.yield(.sent)
      feed.finish()
    }
  }

  func close() {
    stream?.close()
    stream = nil
    feed.finish()
  }

  var queuedBytes: Int { stream?.queuedBytes ?? 0 }
}

/// Reads from a peer that has more to say whenever it was read, up to far more than a turn.
private actor EndlessReader {
  static let most = 64 << 20

  nonisolated let executor = QueueExecutor(label: "endless", isShared: true)
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Others, one of which at least shares its thread.
  private let others = (0..<32).map { _ in QueueExecutor(label: "other", isShared: true) }

  /// What it had read when each of the others, who came after the first bytes, had its turn.
  nonisolated let turns: AsyncStream<Int>
  private let feed: AsyncStream<Int>.Continuation

  private var stream: SocketStream?
  private var far: FileDescriptor?

  /// Bytes that it has read.
  private nonisolated let count = Atomic(0)

  init() {
    (turns, feed) = AsyncStream.makeStream()
  }

  func open(_ near: consuming FileDescriptor, far: consuming FileDescriptor) throws {
    try far.write([UInt8](repeating: 1, count: 4096))
    let number = far.rawValue
    self.far = consume far
    stream = SocketStream(
      near, queue: executor.queue, outputLimit: 0,
      bytes: { [weak self] bytes in
        let size = bytes.count
        let isEnough = self?.assumeIsolated { $0.take(size) } ?? true
        if !isEnough { _ = Glibc.send(number, bytes.baseAddress, size, Int32(MSG_NOSIGNAL)) }
      }, end: { _ in })
  }

  private func take(_ size: Int) -> Bool {
    let count = count.add(size, ordering: .relaxed).newValue
    if count == size {
      for other in others {
        other.queue.async { self.feed.yield(self.count.load(ordering: .relaxed)) }
      }
    }
    return count >= Self.most
  }

  var otherCount: Int { others.count }

  func close() {
    stream?.close()
    stream = nil
  }
}

@Suite("A socket stream")
struct SocketStreamTests {
  @Test("gives all bytes, then the end, when both come together, every time")
  func dataAndHangUp() async throws {
    for number in 0..<200 {
      let listener = Listener()
      let pair = try UnixSocket.pair()
      let text = Array(repeating: UInt8(truncatingIfNeeded: number), count: 100_000)
      if number.isMultiple(of: 2) { await listener.open(try pair.first.duplicate()) }
      try pair.second.write(Array(text.prefix(1000)))
      if !number.isMultiple(of: 2) { await listener.open(try pair.first.duplicate()) }
      _ = consume pair
      let signs = await listener.signs.collect()
      #expect(signs.last == .end(.closedByPeer))
      let bytes = signs.flatMap(\.received)
      #expect(bytes == Array(text.prefix(1000)))
    }
  }

  /// Dispatch ends the process now and then when an epoll event brings it data and a hang-up at once.
  @Test("shows Dispatch no socket, but an epoll instance that knows no hang-up")
  func watchedApart() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    let socket = try pair.first.duplicate()
    let number = socket.rawValue
    await listener.open(socket)
    await listener.write([1])
    let watchers = try Self.watchers(of: number)
    #expect(watchers == [[number]])
    await listener.close()
  }

  /// What each epoll instance of this process watches that watches a descriptor; corresponds to proc(5), fdinfo.
  private static func watchers(of descriptor: Int32) throws -> [[Int32]] {
    try FileSystem.names(in: "/proc/self/fdinfo").compactMap { name in
      // Another test may close it meanwhile.
      let text = (try? FileSystem.read("/proc/self/fdinfo/" + name)) ?? []
      let targets = String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
        line.hasPrefix("tfd:") ? line.split(separator: " ").dropFirst().first.flatMap { Int32($0) } : nil
      }
      return targets.contains(descriptor) ? targets : nil
    }
  }

  @Test("leaves a turn to others on its thread while a peer writes without end")
  func turns() async throws {
    let pair = try UnixSocket.pair()
    let reader = EndlessReader()
    try await reader.open(try pair.first.duplicate(), far: try pair.second.duplicate())
    let turns = await reader.turns.prefix(reader.otherCount).collect()
    #expect(turns.allSatisfy { $0 < EndlessReader.most })
    await reader.close()
  }

  @Test("sends more than the socket takes, as the peer reads it")
  func backpressure() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    await listener.open(try pair.first.duplicate(), outputLimit: 16 << 20)
    let bytes = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    await listener.write(bytes)
    #expect(await listener.queuedBytes > 0)
    let reader = Listener()
    await reader.open(try pair.second.duplicate())
    await listener.closeWhenSent()
    _ = consume pair
    #expect(await listener.signs.collect() == [.sent])
    await listener.close()
    let received = await reader.signs.collect().flatMap(\.received)
    #expect(received == bytes)
  }

  @Test("ends when the peer leaves more than the limit unread")
  func outputLimit() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    await listener.open(try pair.first.duplicate(), outputLimit: 1000)
    await listener.write(Array(repeating: 1, count: 4 << 20))
    #expect(await listener.signs.collect() == [.end(.outputLimit(1000))])
    #expect(await listener.queuedBytes > 1000)
    await listener.write([1])
  }

  @Test("gives what the peer said before it went, although writing to it fails")
  func writeAfterHangUp() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    try pair.second.write(Array("last words".utf8))
    let near = try pair.first.duplicate()
    _ = consume pair
    await listener.open(near)
    await listener.write([1, 2, 3])
    #expect(await listener.signs.collect() == [.bytes(Array("last words".utf8)), .end(.closedByPeer)])
  }

  @Test("ends when the peer takes nothing any more, behind what it said before", .timeLimit(.minutes(10)))
  func peerThatReadsNoMore() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    try pair.second.write(Array("last words".utf8))
    // It lives, and its end stays open: only writing to it fails.
    shutdown(pair.second.rawValue, Int32(SHUT_RD))
    await listener.open(try pair.first.duplicate())
    await listener.write([1, 2, 3])
    await listener.write([4])
    #expect(await listener.signs.collect() == [.bytes(Array("last words".utf8)), .end(.closedByPeer)])
    withExtendedLifetime(pair) {}
  }

  @Test("takes a reset, as from a peer that left our bytes unread, for the end")
  func reset() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    try pair.first.write(Array("unread".utf8))
    let near = try pair.first.duplicate()
    _ = consume pair
    await listener.open(near)
    #expect(await listener.signs.collect() == [.end(.closedByPeer)])
  }

  @Test("that was closed says nothing more, and the peer sees its end")
  func closed() async throws {
    let listener = Listener()
    let pair = try UnixSocket.pair()
    await listener.open(try pair.first.duplicate())
    await listener.close()
    await listener.close()
    var poller = pollfd(fd: pair.second.rawValue, events: Int16(POLLIN), revents: 0)
    #expect(poll(&poller, 1, 600_000) == 1)
    #expect(try pair.second.read(upTo: 1).isEmpty)
    #expect(await listener.signs.collect().isEmpty)
  }
}
