import Dispatch
import Glibc
import Host
import JSON
import QMP
import Testing

/// The far end of a socketpair, which says what a test tells it to say, true or not.
actor StubServer {
  nonisolated let executor = QueueExecutor(label: "stub")
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// The requests that come in, in their order; ends when the client goes.
  nonisolated let requests: AsyncStream<QMPRequest>

  private let queued: AsyncStream<QMPRequest>.Continuation
  private var socket: FileDescriptor?
  private var stream: SocketStream?

  /// How many bytes it sends before it hangs up; nil is without end.
  private var budget: Int?

  /// Whether each byte is a write of its own.
  private let sendsBytewise: Bool

  init(_ socket: consuming FileDescriptor, budget: Int? = nil, sendsBytewise: Bool = false) {
    self.socket = consume socket
    self.budget = budget
    self.sendsBytewise = sendsBytewise
    (requests, queued) = AsyncStream.makeStream()
  }

  /// Begins to read; greets first unless told not to.
  func start(greets: Bool = true) {
    guard let socket = socket.take() else { return }
    let reader = QMPRequestReader(limit: 1 << 20)
    let queued = queued
    stream = SocketStream(
      socket, queue: executor.queue, outputLimit: .max,
      bytes: { bytes in
        reader.read(bytes) { input in
          if case .request(let request, _) = input {
            queued.yield(request)
          } else {
            Issue.record("the client sent \(input)")
          }
        }
      },
      end: { _ in queued.finish() })
    if budget == 0 { return hangUp() }
    if greets { send(QMPGreeting(version: QMPVersion(7, 2, 22), capabilities: ["oob"]).json) }
  }

  func send(_ message: JSONValue) {
    send(bytes: QMPLine.fromServer(message))
  }

  func send(text: String) {
    send(bytes: Array(text.utf8))
  }

  func send(bytes: [UInt8]) {
    let allowed = Array(bytes.prefix(budget ?? .max))
    if sendsBytewise {
      for byte in allowed { stream?.write([byte]) }
    } else {
      stream?.write(allowed)
    }
    guard let left = budget else { return }
    budget = left - allowed.count
    if budget == 0 { hangUp() }
  }

  func reply(to request: QMPRequest, _ value: JSONValue = [:]) {
    send(QMPReply(.success(value), id: request.id).json)
  }

  func refuse(_ request: QMPRequest, _ error: QMPErrorReply) {
    send(QMPReply(.failure(error), id: request.id).json)
  }

  func hangUp() {
    stream?.close()
    stream = nil
    queued.finish()
  }
}

/// A client and the stub it is connected to.
struct StubPair {
  let client: QMPConnection
  let server: StubServer

  /// A pair that has not begun to talk.
  init(
    budget: Int? = nil, sendsBytewise: Bool = false, lineLimit: Int = 1 << 20,
    executor: QueueExecutor = QueueExecutor(label: "client")
  ) throws {
    let sockets = try UnixSocket.pair()
    let near = try sockets.first.duplicate()
    let far = try sockets.second.duplicate()
    server = StubServer(far, budget: budget, sendsBytewise: sendsBytewise)
    client = QMPConnection(near, executor: executor, lineLimit: lineLimit)
  }

  /// A pair that has negotiated.
  static func negotiated(
    lineLimit: Int = 1 << 20, sendsBytewise: Bool = false
  ) async throws -> StubPair {
    let pair = try StubPair(sendsBytewise: sendsBytewise, lineLimit: lineLimit)
    await pair.server.start()
    async let greeting = pair.client.negotiate()
    var requests = pair.server.requests.makeAsyncIterator()
    let first = try #require(await requests.next())
    await pair.server.reply(to: first)
    _ = try await greeting
    return pair
  }
}
