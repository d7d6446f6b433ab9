import Control
import Dispatch
import Glibc
import Host
import JSON
import QMP
import Synchronization
import Testing

/// A control server on a socket of its own, whose commands a test runs by hand.
struct Fixture {
  let server: ControlServer
  let work: Workbench
  let path: String

  init(answering: Bool = false, clientLimit: Int = 1000) async throws {
    path = "/tmp/qemuvm-control-\(getpid())-\(Self.next.add(1, ordering: .relaxed).newValue).sock"
    let work = Workbench(isAnswering: answering)
    self.work = work
    server = ControlServer(listener: try UnixSocket.listen(at: path), clientLimit: clientLimit) {
      request throws(ControlError) in
      try await work.run(request)
    }
    await server.start()
  }

  func client() async throws -> TaskClient {
    try await TaskClient.connect(to: path)
  }

  /// A client that sends what it is told, and has negotiated unless told not to.
  func plainClient(negotiates: Bool = true) async throws -> PlainClient {
    let client = try await PlainClient(to: path)
    guard negotiates else { return client }
    _ = try #require(await client.next())
    await client.send(#"{"execute": "qmp_capabilities"}"#)
    #expect(await client.next() == ["return": [:]])
    return client
  }

  func end() async {
    await server.close()
    unlink(path)
  }

  private static let next = Atomic(0)
}

/// The handler: it holds each command until a test answers it, or answers at once with the command's name.
actor Workbench {
  /// The commands that have started, in their order.
  nonisolated let started: AsyncStream<ControlRequest>

  private let feed: AsyncStream<ControlRequest>.Continuation
  private let isAnswering: Bool
  private var held: [(ControlRequest, CheckedContinuation<Result<JSONValue, ControlError>, Never>)] = []

  init(isAnswering: Bool) {
    self.isAnswering = isAnswering
    (started, feed) = AsyncStream.makeStream()
  }

  func run(_ request: ControlRequest) async throws(ControlError) -> JSONValue {
    if isAnswering {
      feed.yield(request)
      return .string(request.commandName)
    }
    let result = await withCheckedContinuation { continuation in
      held.append((request, continuation))
      feed.yield(request)
    }
    return try result.get()
  }

  /// Ends a command that has started.
  func answer(_ request: ControlRequest, _ result: Result<JSONValue, ControlError>) {
    guard let place = held.firstIndex(where: { $0.0 == request }) else {
      Issue.record("\(request) has not started")
      return
    }
    held.remove(at: place).1.resume(returning: result)
  }
}

/// A client of its own making: lines in, lines out.
actor PlainClient {
  nonisolated let executor = QueueExecutor(label: "plain")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private var stream: SocketStream?
  private var lines: [JSONValue] = []
  private var hasEnded = false
  private var waiting: CheckedContinuation<JSONValue?, Never>?

  init(to path: String) async throws {
    try open(try UnixSocket.connect(to: path))
  }

  private func open(_ socket: consuming FileDescriptor) throws {
    let reader = LineReader()
    stream = SocketStream(
      socket, queue: executor.queue, outputLimit: .max,
      bytes: { [weak self] bytes in
        reader.read(bytes) { line in self?.assumeIsolated { $0.take(line) } }
      },
      end: { [weak self] _ in self?.assumeIsolated { $0.take(nil) } })
  }

  func send(_ text: String) {
    stream?.write(Array(text.utf8))
  }

  /// What the server has not taken yet.
  var queuedBytes: Int { stream?.queuedBytes ?? 0 }

  /// The next line; nil at the end of the connection.
  func next() async -> JSONValue? {
    if !lines.isEmpty { return lines.removeFirst() }
    if hasEnded { return nil }
    return await withCheckedContinuation { waiting = $0 }
  }

  /// What is left until the end of the connection.
  func rest() async -> [JSONValue] {
    var all: [JSONValue] = []
    while let line = await next() { all.append(line) }
    return all
  }

  func hangUp() {
    stream?.close()
    stream = nil
    take(nil)
  }

  private func take(_ line: JSONValue?) {
    if line == nil { hasEnded = true }
    if let waiting {
      self.waiting = nil
      waiting.resume(returning: line)
    } else if let line {
      lines.append(line)
    }
  }
}

/// Reads a server's lines.
private final class LineReader {
  private var splitter = LineSplitter(limit: 64 << 20)

  func read(_ bytes: UnsafeRawBufferPointer, line: (JSONValue) -> Void) {
    do {
      try splitter.feed(bytes) { text in
        do {
          line(try JSONValue(parsing: text))
        } catch {
          Issue.record("the server sent '\(String(decoding: text, as: UTF8.self))': \(error)")
        }
      }
    } catch {
      Issue.record("the server sent a line of more than 64 MiB")
    }
  }
}
