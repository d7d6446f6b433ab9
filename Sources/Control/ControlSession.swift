internal import Dispatch
internal import Host
internal import JSON
internal import QMP

/// One client of the control socket, from the server's side.
///
/// Owned by the server and bound to its queue. It negotiates, puts commands in order and sends replies and events;
/// running commands is the server's. While much is unanswered, or replies are unread, it reads no more commands: who
/// sends without reading holds up itself. Events do not wait: who leaves those unread is dropped.
final class ControlSession {
  /// Output that a client may leave unread before it is dropped, in bytes.
  static let outputLimit = 8 << 20

  /// Commands and replies that wait before no more commands are read, in bytes.
  static let waitingLimit = 2 << 20

  /// Output that waits before no more commands start and no more replies are made, in bytes.
  static let replyLimit = 256 << 10

  /// The longest request, in bytes: a lab of a thousand VMs.
  static let requestLimit = 2 << 20

  private let greeting: QMPGreeting
  private let left: () -> Void
  private var stream: SocketStream?
  private var order = CommandOrder()

  /// Whether it hears events.
  private(set) var isNegotiated = false

  /// Which events it hears.
  private var subscription = Subscription.everything

  /// Reads on, but not from inside of what the stream has called.
  private var readingOn: DeadlineTimer?

  /// Starts what may start once replies have been read.
  private var starts: ([CommandOrder.Start]) -> Void = { _ in }

  /// Whether it takes no more commands and goes when it has answered those it has.
  private var isLeaving = false

  /// Whether the client hears of it.
  private var tellsLeaving = false

  /// The client's process.
  private let peer: Int32

  /// `left` is called once when the client is gone, or answered to the end.
  init(greeting: QMPGreeting, peer: Int32, left: @escaping () -> Void) {
    self.greeting = greeting
    self.peer = peer
    self.left = left
  }

  /// Greets, and hands out what the client sends from here on, and commands that may start later than that.
  func open(
    _ socket: consuming FileDescriptor, queue: DispatchQueue,
    input: @escaping (QMPRequestReader.Input) -> Void, starts: @escaping ([CommandOrder.Start]) -> Void
  ) {
    self.starts = starts
    readingOn = DeadlineTimer(queue: queue) { [weak self] in self?.readOn() }
    let reader = QMPRequestReader(limit: Self.requestLimit)
    stream = SocketStream(
      socket, queue: queue, outputLimit: Self.outputLimit,
      bytes: { reader.read($0, input: input) }, end: { [weak self] _ in self?.end() })
    stream?.drained = { [weak self] in
      guard let self else { return }
      self.starts(proceed())
    }
    stream?.write(QMPLine.fromServer(greeting.json))
  }

  /// Takes what the client sent, and gives the commands that may start.
  func take(_ input: QMPRequestReader.Input) -> [CommandOrder.Start] {
    if isLeaving {
      if case .request(let request, _) = input {
        refuse(Self.closing.description, Self.closing.errorClass, id: request.id)
      }
      return proceed()
    }
    switch input {
    case .request(let request, let size): take(request, size: size)
    case .malformed(let error, let size):
      order.add(.failure(QMPErrorReply("GenericError", error.reason)), id: error.id, size: size)
    case .tooLong(let limit):
      refuse("A request of more than \(limit) bytes")
      leave()
    }
    return proceed()
  }

  /// Takes a command's result, and gives the commands that may start now.
  func finish(_ ticket: Int, _ result: Result<JSONValue, ControlError>) -> [CommandOrder.Start] {
    order.finish(ticket, result.mapError(\.reply))
    return proceed()
  }

  /// Whether it is told of a topic's events; as from QEMU, none comes before the client has negotiated.
  func hears(_ topic: EventTopic) -> Bool { isNegotiated && subscription.includes(topic) }

  /// Sends an event's line.
  func send(event line: [UInt8]) {
    if isNegotiated { stream?.write(line) }
  }

  /// Takes no more commands, and ends the connection when those that run are answered and all is sent.
  ///
  /// A client that is told as well knows that what has no answer was never begun.
  func leave(telling: Bool = false) {
    guard !isLeaving else { return }
    isLeaving = true
    tellsLeaving = telling
    order.refuseWaiting(Self.closing)
    _ = proceed()
  }

  /// The answer to a command that was not begun.
  private static let closing = ControlError(.closing, "not begun: the supervisor is leaving").reply

  /// Ends the connection at once.
  func drop() {
    stream?.close()
    end()
  }

  private func take(_ request: QMPRequest, size: Int) {
    let id = request.id
    switch (request.command, isNegotiated) {
    case ("qmp_capabilities", false): negotiate(request, size: size)
    case ("qmp_capabilities", true):
      refuse(
        "Capabilities negotiation is already complete, command ignored", "CommandNotFound", id: id, size: size
      )
    case (_, false):
      refuse(
        "Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound", id: id, size: size)
    case (_, true):
      do throws(ControlError) {
        let command = try ControlRequest(command: request.command, arguments: request.arguments)
        take(command, id: id, size: size)
      } catch {
        order.add(.failure(error.reply), id: id, size: size)
      }
    }
  }

  private func take(_ command: ControlRequest, id: JSONValue?, size: Int) {
    switch command {
    case .queryCommands: order.add(.commands, id: id, size: size)
    case .queryVersion: order.add(.version, id: id, size: size)
    case .subscribe(let wanted):
      subscription = wanted
      order.add(.done, id: id, size: size)
    default: order.add(command.held(by: peer), id: id, size: size)
    }
  }

  private func negotiate(_ request: QMPRequest, size: Int) {
    let wanted = request.arguments["enable"]?.array?.compactMap(\.string) ?? []
    if let capability = wanted.first {
      return refuse("Capability \(capability) not available", id: request.id, size: size)
    }
    isNegotiated = true
    order.add(.done, id: request.id, size: size)
  }

  private func refuse(
    _ reason: String, _ errorClass: String = "GenericError", id: JSONValue? = nil, size: Int = 0
  ) {
    order.add(.failure(QMPErrorReply(errorClass, reason)), id: id, size: size)
  }

  /// Sends the replies whose turn it is, as far as the client reads them; gives the commands that may start.
  private func proceed() -> [CommandOrder.Start] {
    while let stream, stream.queuedBytes < Self.replyLimit, let line = order.takeReply(answer) {
      stream.write(line)
    }
    if isLeaving, order.isIdle {
      if tellsLeaving { send(event: QMPLine.fromServer(QMPEvent(ControlServer.leavingEvent).json)) }
      stream?.closeWhenSent { [weak self] in self?.end() }
    }
    guard let stream else { return [] }
    if order.waitingBytes >= Self.waitingLimit {
      stream.isReading = false
    } else if !stream.isReading {
      readingOn?.arm(at: .now)
    }
    return stream.queuedBytes < Self.replyLimit ? order.takeStarts() : []
  }

  private func readOn() {
    if order.waitingBytes < Self.waitingLimit { stream?.isReading = true }
  }

  private func answer(_ own: CommandOrder.Own) -> Result<JSONValue, QMPErrorReply> {
    switch own {
    case .failure(let error): return .failure(error)
    case .done: return .success([:])
    case .version: return .success(greeting.version.json)
    case .commands:
      let names = ControlRequest.commandNames + ["qmp_capabilities"]
      return .success(.array(names.map { ["name": .string($0)] }))
    }
  }

  private func end() {
    guard stream != nil else { return }
    stream = nil
    left()
  }
}
