internal import Dispatch
internal import Glibc
package import Host
package import JSON
package import QMP
internal import Synchronization

/// The supervisor's end of the control socket: any number of clients, each with its own replies and the events it wants.
///
/// Lives on a queue of its own, which runs no command: each runs as a task that calls the handler, and a slow one
/// delays its own client only. A client that goes cancels nothing that has started. One that does not read events is
/// dropped; one that sends more than is answered is held up.
package actor ControlServer {
  package typealias Handler = @Sendable (ControlRequest) async throws(ControlError) -> JSONValue

  /// The last event to each client of a supervisor that leaves: every command that was begun has been answered.
  static let leavingEvent = "SUPERVISOR_LEAVING"

  /// An event before it, of a supervisor that has brought down all its guests; one that dies meanwhile never tells it.
  package static let guestsDownEvent = "GUESTS_DOWN"

  /// How long `close` waits for replies that are on their way.
  private static let drainTime = Duration.seconds(1)

  package nonisolated let executor = QueueExecutor(label: "control")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let greeting: QMPGreeting
  private let handler: Handler
  private var socket: FileDescriptor?
  private var listener: SocketListener?
  private var sessions: [Int: ControlSession] = [:]
  private var nextSession = 0

  /// How many may be connected at once: they share the descriptors with the VMs.
  private let clientLimit: Int
  private var hasRefused = false

  /// The clients that hear events, and their number.
  private var listeners: Set<Int> = [] {
    didSet { listenerCount.store(listeners.count, ordering: .releasing) }
  }
  private nonisolated let listenerCount = Atomic<Int>(0)
  private var clientCountHandler: (Int) -> Void = { _ in }
  private var whenEmpty: [CheckedContinuation<Void, Never>] = []
  private lazy var drainTimer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.dropAll() }
  }

  /// Takes over a socket that listens; `version` is what the greeting and `query-version` say, and `stateDirectory`
  /// tells clients whose VMs are kept here.
  ///
  /// `query-commands` and `query-version` are answered here and never reach the handler.
  package init(
    listener: consuming FileDescriptor, version: QMPVersion = qemuvmVersion, clientLimit: Int = 1000,
    stateDirectory: String? = nil, handler: @escaping Handler
  ) {
    socket = consume listener
    self.clientLimit = clientLimit
    greeting = QMPGreeting(version: version, stateDirectory: stateDirectory)
    self.handler = handler
  }

  /// Begins to take clients.
  package func start() {
    if let socket = socket.take() { listen(on: socket) }
  }

  /// Takes clients from another socket than before; those that are connected stay so.
  package func listen(on socket: consuming FileDescriptor) {
    listener?.close()
    listener = SocketListener(socket, queue: executor.queue) { [weak self] connection in
      let number = connection.release()
      guard let self else {
        _ = FileDescriptor(owning: number)
        return
      }
      assumeIsolated { $0.admit(FileDescriptor(owning: number)) }
    }
  }

  /// The clients that are connected.
  package var clientCount: Int { sessions.count }

  /// Takes the clients that wait to be accepted, and gives the number of all: at zero nobody misses the server.
  package func acceptWaiting() -> Int {
    listener?.acceptWaiting()
    return sessions.count
  }

  /// Calls the handler on the server's queue with each new number of clients.
  package func onClientCountChange(_ handler: @escaping @Sendable (Int) -> Void) {
    clientCountHandler = handler
  }

  /// Sends an event to every client that hears of its topic, in the order of the calls; it is made only if there is a
  /// client.
  package nonisolated func broadcast(_ event: @autoclosure @escaping @Sendable () -> QMPEvent) {
    // Who negotiates at this moment has asked for nothing yet, and misses nothing that is an answer.
    guard listenerCount.load(ordering: .acquiring) > 0 else { return }
    executor.queue.async { self.assumeIsolated { $0.send(event) } }
  }

  /// Takes no more clients and no more commands; returns when what runs is answered and all is sent, or after a
  /// second.
  ///
  /// A handler must not wait for it: its own reply would come too late.
  package func close() async {
    socket = nil
    listener?.close()
    listener = nil
    for session in sessions.values { session.leave(telling: true) }
    guard !sessions.isEmpty else { return }
    drainTimer.arm(at: .now + Self.drainTime)
    await withCheckedContinuation { whenEmpty.append($0) }
  }

  /// Does something if no client is there or about to be, and before another can be.
  package func ifUnused(_ action: () -> Void) {
    if acceptWaiting() == 0 { action() }
  }

  /// Whether a user may command the supervisor: its own, and root.
  static func isAllowed(_ user: UInt32) -> Bool {
    user == 0 || user == getuid()
  }

  private func admit(_ socket: consuming FileDescriptor) {
    let peer: (pid: Int32, uid: UInt32)
    do throws(SystemError) {
      peer = try UnixSocket.peer(of: socket)
      guard Self.isAllowed(peer.uid) else {
        return Log.note("control socket: refused user \(peer.uid), process \(peer.pid)")
      }
    } catch {
      return Log.note("control socket: \(error)")
    }
    guard sessions.count < clientLimit else { return refuse(socket) }
    hasRefused = false
    let number = nextSession
    nextSession += 1
    let session = ControlSession(greeting: greeting, peer: peer.pid) { [weak self] in
      self?.assumeIsolated { $0.forget(number) }
    }
    sessions[number] = session
    clientCountHandler(sessions.count)
    session.open(socket, queue: executor.queue) { [weak self] input in
      self?.assumeIsolated { $0.take(input, from: number) }
    } starts: { [weak self] starts in
      self?.assumeIsolated { $0.run(starts, of: number) }
    }
  }

  /// Tells a client that there is no room for it.
  private func refuse(_ socket: consuming FileDescriptor) {
    let words = "\(sessions.count) clients are connected already\n  End some of them, then try again."
    if !hasRefused { Log.note("control socket: \(sessions.count) are connected, and no more are admitted") }
    hasRefused = true
    let error = QMPReply(.failure(QMPErrorReply("GenericError", words)), id: nil)
    // One that is gone already needs no reason.
    try? socket.write(
      QMPLine.fromServer(greeting.json) + QMPLine.fromServer(error.json))
  }

  private func take(_ input: QMPRequestReader.Input, from number: Int) {
    guard let session = sessions[number] else { return }
    let starts = session.take(input)
    if session.isNegotiated, !listeners.contains(number), sessions[number] != nil { listeners.insert(number) }
    run(starts, of: number)
  }

  private func run(_ starts: [CommandOrder.Start], of number: Int) {
    for start in starts {
      Task { [handler, weak self] in
        let result: Result<JSONValue, ControlError>
        do throws(ControlError) {
          result = .success(try await handler(start.request))
        } catch {
          result = .failure(error)
        }
        await self?.finish(start.ticket, result, of: number)
      }
    }
  }

  private func finish(_ ticket: Int, _ result: Result<JSONValue, ControlError>, of number: Int) {
    guard let session = sessions[number] else { return }
    run(session.finish(ticket, result), of: number)
  }

  private func send(_ event: () -> QMPEvent) {
    guard !listeners.isEmpty else { return }
    let event = event()
    let topic = EventTopic(event)
    var line: [UInt8]?
    for session in sessions.values where session.hears(topic) {
      let text = line ?? QMPLine.fromServer(event.json)
      line = text
      session.send(event: text)
    }
  }

  private func dropAll() {
    for session in sessions.values { session.drop() }
  }

  private func forget(_ number: Int) {
    guard sessions.removeValue(forKey: number) != nil else { return }
    listeners.remove(number)
    clientCountHandler(sessions.count)
    guard sessions.isEmpty, !whenEmpty.isEmpty else { return }
    drainTimer.arm(at: nil)
    let waiting = whenEmpty
    whenEmpty = []
    for continuation in waiting { continuation.resume() }
  }
}
