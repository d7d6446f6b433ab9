package import Host
package import JSON

/// A client's end of one QMP connection: commands by id with many in flight, events to any number of listeners.
///
/// Of a storm of events it tells a few, with their number, and reads the rest without a look inside: see `EventBudget`.
///
/// Lives on the executor it is given. An actor on the same executor, and a handler on its queue, call it without a
/// hop through `assumeIsolated`; every handler given to it runs on that queue. A request is resumed exactly once: by
/// its reply, its deadline, or the connection's end.
///
/// What a server sends against the protocol (a line that is no message, a reply to what was not asked) ends the
/// connection. Two things do not: the reply to a request already given up, or made by a client before this one, is
/// dropped; and an error without id, by which QEMU says that it could not read a request, fails the oldest one, since
/// QEMU answers in order.
package actor QMPConnection {
  package typealias Completion = (Result<JSONValue, QMPError>) -> Void

  /// How far the conversation has come.
  private enum Phase {
    case silent
    case awaitingGreeting
    case negotiating(QMPGreeting)
    case open(QMPGreeting)
    case closed(QMPDisconnection)
  }

  package nonisolated let executor: QueueExecutor
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private var phase = Phase.silent
  private var socket: FileDescriptor?
  private var stream: SocketStream?
  private let lineLimit: Int
  private let reader: QMPLineReader
  private let outputLimit: Int

  private var outstanding: OutstandingRequests<Completion>
  private var events = EventBudget()
  private var negotiation = Negotiation()

  /// Whether the last message was an error without id: one bad line can give several.
  private var sawUnreadable = false

  private var closeHandlers: [(QMPDisconnection) -> Void] = []
  var listeners = QMPListeners()

  /// One timer for all deadlines.
  ///
  /// It is not moved at each reply, which would cost more than the reply: it is set when a request is due before it
  /// fires, and so it may fire once after the last reply, finds nothing due, and rests.
  private lazy var timer = DeadlineTimer(queue: executor.queue) { [weak self] in
    self?.assumeIsolated { $0.expire() }
  }
  private var timerFiresAt: Instant?

  /// Takes over a connected socket that does not block; nothing is read before `negotiate`.
  ///
  /// `firstID` is higher than every id that a client before this one may have used with the same server. A reply
  /// longer than `lineLimit`, in bytes, is an error of its command.
  package init(
    _ socket: consuming FileDescriptor, executor: QueueExecutor, firstID: Int = 1, lineLimit: Int = 4 << 20,
    outputLimit: Int = 4 << 20
  ) {
    outstanding = OutstandingRequests(firstID: firstID)
    self.executor = executor
    self.socket = consume socket
    self.outputLimit = outputLimit
    self.lineLimit = lineLimit
    reader = QMPLineReader(limit: lineLimit)
  }

  isolated deinit {
    close(.closed)
  }

  // MARK: Negotiation

  /// Reads the greeting and enables no capability: then the server takes commands.
  ///
  /// QEMU replies to `qmp_capabilities` when its initialisation is over, so success means that it has started.
  @discardableResult
  package func negotiate(deadline: Duration = QMPDeadline.negotiation) async throws(QMPError) -> QMPGreeting {
    let result: Result<QMPGreeting, QMPError> = await withCheckedContinuation { continuation in
      negotiate(deadline: deadline) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// As above, for a caller on the queue; the completion may be called before this returns.
  package func negotiate(
    deadline: Duration = QMPDeadline.negotiation,
    completion: @escaping (Result<QMPGreeting, QMPError>) -> Void
  ) {
    switch phase {
    case .silent:
      negotiation = Negotiation(due: .now + deadline, limit: deadline, waiting: [completion])
      phase = .awaitingGreeting
      start()
    case .awaitingGreeting, .negotiating: negotiation.waiting.append(completion)
    case .open(let greeting): completion(.success(greeting))
    case .closed(let how): completion(.failure(.greeting(how)))
    }
  }

  /// Those who wait for the negotiation's end, and until when.
  private struct Negotiation {
    var due: Instant?
    var limit = Duration.zero
    var waiting: [(Result<QMPGreeting, QMPError>) -> Void] = []
  }

  private func start() {
    guard let socket = socket.take() else { return }
    stream = SocketStream(
      socket, queue: executor.queue, outputLimit: outputLimit,
      bytes: { [weak self] bytes in
        let arrived = Arrived(bytes: bytes)
        self?.assumeIsolated { $0.read(arrived) }
      },
      end: { [weak self] end in self?.assumeIsolated { $0.close(QMPDisconnection(end)) } })
    if let due = negotiation.due { fireTimer(by: due) }
  }

  /// Takes in what has come and was not told yet, up to the connection's end if that has come; for a caller on the
  /// queue who knows that the server is gone, or expects its word; true when there was anything.
  @discardableResult
  package func readWaiting() -> Bool {
    stream?.readWaiting() ?? false
  }

  private func greeted(_ greeting: QMPGreeting) {
    phase = .negotiating(greeting)
    let rest = negotiation.due.map { $0 - .now } ?? negotiation.limit
    transmit(QMPCapabilities.name, [:], deadline: rest) { [weak self] result in
      self?.assumeIsolated { $0.negotiated(greeting, result) }
    }
  }

  private func negotiated(_ greeting: QMPGreeting, _ result: Result<JSONValue, QMPError>) {
    guard case .negotiating = phase else { return }
    switch result {
    case .success:
      phase = .open(greeting)
      let waiting = negotiation.waiting
      negotiation = Negotiation()
      for completion in waiting { completion(.success(greeting)) }
    case .failure(.execution(let reply, _)): close(.refused(reply))
    case .failure: close(.deadline(negotiation.limit))
    }
  }

  // MARK: Commands

  /// Runs any command and gives its `return` value; without a deadline, the standard one of `QMPDeadline`.
  ///
  /// Commands may be sent while others are in flight. A cancelled task still waits for the reply or the deadline.
  package func execute(
    _ command: String, _ arguments: JSONObject = [:], deadline: Duration? = nil
  ) async throws(QMPError) -> JSONValue {
    let result = await withCheckedContinuation { continuation in
      send(command, arguments, deadline: deadline) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// As above, for a caller on the queue; the completion may be called before this returns.
  package func send(
    _ command: String, _ arguments: JSONObject = [:], deadline: Duration? = nil,
    completion: @escaping Completion
  ) {
    switch phase {
    case .open:
      transmit(
        command, arguments, deadline: deadline ?? QMPDeadline.standard(for: command), completion: completion)
    case .closed(let how): completion(.failure(.interrupted(command: command, how)))
    case .silent, .awaitingGreeting, .negotiating:
      completion(.failure(.notNegotiated(command: command)))
    }
  }

  private func transmit(
    _ command: String, _ arguments: JSONObject, deadline: Duration, completion: @escaping Completion
  ) {
    let request = outstanding.add(command, limit: deadline, now: .now, completion: completion)
    fireTimer(by: request.due)
    stream?.write(
      QMPLine.fromClient(QMPRequest(command, arguments, id: JSONValue(request.id)).json))
  }

  // MARK: What the server sends

  /// What one read has brought.
  ///
  /// Unchecked, as it is used during the call only that hands it over, on the queue that has read it.
  private struct Arrived: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
  }

  private func read(_ arrived: Arrived) {
    // Asked for each of a storm's events, the kernel would have more to do than we.
    let now = Instant.now
    reader.read(arrived.bytes) { take($0, now) }
    setPause()
  }

  /// As long as events wait to be told, a storm goes on.
  private func setPause() {
    stream?.pause = events.nextDue == nil ? .zero : Self.pauseInStorm
  }

  /// How long what a server sends without end is gathered before it is read.
  private static let pauseInStorm = Duration.milliseconds(5)

  private func take(_ line: QMPLineReader.Line, _ now: Instant) {
    // A message before this one in the same read may have ended the connection.
    if case .closed = phase { return }
    switch line {
    case .event(let name, let line, let length):
      // Meant for the client before this one.
      if case .awaitingGreeting = phase { return }
      if events.admits(name, line, length: length, at: now) { return tell(line, length: length, count: 1) }
      if let due = events.nextDue { fireTimer(by: due) }
    case .whole(let line): receive(QMPMessage.read(line))
    case .longReply(let reply): answer(reply)
    case .violation(let violation): close(.violation(violation))
    }
  }

  /// Tells an event that stands for so many.
  private func tell(_ line: UnsafeRawBufferPointer, length: Int, count: Int) {
    var event: QMPEvent
    if length > EventBudget.sizeLimit {
      guard case .event(let name) = QMPLineKind(line) else { return }
      event = QMPEvent(String(decoding: line[name], as: UTF8.self))
      event.cutLength = length
    } else {
      switch QMPMessage.read(line) {
      case .success(.event(let read)): event = read
      // More than an event, or not even JSON.
      case let other: return receive(other)
      }
    }
    event.count = count
    listeners.tell(event)
  }

  private func tell(_ held: [EventBudget.Held]) {
    for event in held {
      event.line.withUnsafeBytes { tell($0, length: event.length, count: event.count) }
    }
  }

  private func receive(_ message: Result<QMPMessage, QMPViolation>) {
    do throws(QMPViolation) {
      try handle(try message.get())
    } catch {
      close(.violation(error))
    }
  }

  private func handle(_ message: QMPMessage) throws(QMPViolation) {
    switch (phase, message) {
    case (.awaitingGreeting, .greeting(let greeting)): greeted(greeting)
    case (.awaitingGreeting, .reply(let reply)):
      guard case .past = outstanding.take(reply.id) else { throw .noGreeting }
    case (.awaitingGreeting, .event): break
    case (_, .greeting): throw .repeatedGreeting
    case (_, .event(let event)): listeners.tell(event)
    case (_, .reply(let reply)): try answer(reply)
    }
  }

  private func answer(_ reply: QMPReply) throws(QMPViolation) {
    if reply.id == nil, case .failure(let error) = reply.result {
      guard !sawUnreadable else { return }
      sawUnreadable = true
      guard let request = outstanding.takeOldest() else { return }
      return request.completion(.failure(.execution(error, command: request.command)))
    }
    sawUnreadable = false
    switch outstanding.take(reply.id) {
    case .found(let request):
      request.completion(reply.result.mapError { .execution($0, command: request.command) })
    case .past: break
    case .unknown: throw .unknownID(reply.id)
    }
  }

  /// Fails the command whose reply is longer than what is taken.
  private func answer(_ reply: QMPLineReader.LongReply) {
    var request: OutstandingRequests<Completion>.Request?
    switch outstanding.take(reply.id.map { JSONValue($0) }) {
    case .found(let found): request = found
    case .past: return
    // Without an id that can be found it is the oldest one's: QEMU answers in order.
    case .unknown: request = outstanding.takeOldest()
    }
    guard let request else { return }
    request.completion(
      .failure(.replyTooLong(command: request.command, count: reply.length, limit: lineLimit)))
  }

  // MARK: Deadlines

  private func fireTimer(by due: Instant) {
    if let timerFiresAt, timerFiresAt <= due { return }
    timerFiresAt = due
    timer.arm(at: due)
  }

  private func expire() {
    timerFiresAt = nil
    let now = Instant.now
    if case .awaitingGreeting = phase, let due = negotiation.due, due <= now {
      return close(.deadline(negotiation.limit))
    }
    for request in outstanding.takeDue(at: now) {
      request.completion(.failure(.timedOut(command: request.command, after: request.limit)))
    }
    tell(events.takeDue(at: now))
    if case .closed = phase { return }
    setPause()
    if let next = outstanding.earliestDeadline { fireTimer(by: next) }
    if let next = events.nextDue { fireTimer(by: next) }
  }

  // MARK: The end

  /// How the connection ended; nil while it has not.
  package var disconnection: QMPDisconnection? {
    if case .closed(let how) = phase { how } else { nil }
  }

  /// Calls the handler once when the connection has ended, after every request was resumed; at once if it has.
  package func onClose(_ handler: @escaping (QMPDisconnection) -> Void) {
    if let disconnection { handler(disconnection) } else { closeHandlers.append(handler) }
  }

  /// Ends the connection; QEMU does not mind.
  package func close() {
    close(.closed)
  }

  private func close(_ how: QMPDisconnection) {
    // How a storm ended is told before the end.
    tell(events.takeAll())
    let phase = phase
    if case .closed = phase { return }
    self.phase = .closed(how)
    socket = nil
    stream?.close()
    stream = nil
    if timerFiresAt != nil { timer.arm(at: nil) }

    let waiting = negotiation.waiting
    negotiation = Negotiation()
    for completion in waiting {
      if case .negotiating = phase {
        completion(.failure(.negotiation(how)))
      } else {
        completion(.failure(.greeting(how)))
      }
    }
    for request in outstanding.takeAll() {
      request.completion(.failure(.interrupted(command: request.command, how)))
    }
    let handlers = closeHandlers
    closeHandlers = []
    for handler in handlers { handler(how) }
    listeners.finish()
  }
}

extension QMPDisconnection {
  fileprivate init(_ end: SocketStream.End) {
    switch end {
    case .closedByPeer: self = .peerGone
    case .outputLimit(let bytes): self = .outputLimit(bytes)
    case .failed(let error): self = .failed(error)
    }
  }
}
