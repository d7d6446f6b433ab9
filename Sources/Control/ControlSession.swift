internal import Dispatch
internal import Host
internal import JSON
internal import QMP

/// One client of the control socket, from the server's side.
///
/// Owned by the server and bound to its queue. It negotiates, puts commands in order and sends replies and events;
/// running commands is the server's.
final class ControlSession {
  /// Output that a client may leave unread before it is dropped, in bytes.
  static let outputLimit = 4 << 20

  /// Commands that a client may send ahead of their replies, in bytes.
  static let waitingLimit = 16 << 20

  /// The longest request, in bytes.
  static let requestLimit = 1 << 20

  private let version: QMPVersion
  private let left: () -> Void
  private var stream: SocketStream?
  private var order = CommandOrder()
  private var isNegotiated = false

  /// Whether it takes no more commands and goes when it has answered those it has.
  private var isLeaving = false

  /// `left` is called once when the client is gone, or answered to the end.
  init(version: QMPVersion, left: @escaping () -> Void) {
    self.version = version
    self.left = left
  }

  /// Greets, and hands out what the client sends from here on.
  func open(
    _ socket: consuming FileDescriptor, queue: DispatchQueue,
    input: @escaping (QMPRequestReader.Input) -> Void
  ) {
    let reader = QMPRequestReader(limit: Self.requestLimit)
    stream = SocketStream(
      socket, queue: queue, outputLimit: Self.outputLimit,
      bytes: { reader.read($0, input: input) }, end: { [weak self] _ in self?.end() })
    stream?.write(QMPLine.fromServer(QMPGreeting(version: version).json))
  }

  /// Takes what the client sent, and gives the commands that may start.
  func take(_ input: QMPRequestReader.Input) -> [CommandOrder.Start] {
    guard !isLeaving else { return [] }
    switch input {
    case .request(let request, let size): take(request, size: size)
    case .malformed(let error): order.add(error.reply)
    case .tooLong(let limit):
      refuse("A request of more than \(limit) bytes")
      leave()
    }
    if order.waitingBytes > Self.waitingLimit { drop() }
    return proceed()
  }

  /// Takes a command's result, and gives the commands that may start now.
  func finish(_ ticket: Int, _ result: Result<JSONValue, ControlError>) -> [CommandOrder.Start] {
    order.finish(ticket, result.mapError(\.reply))
    return proceed()
  }

  /// Sends an event's line; as from QEMU, none comes before the client has negotiated.
  func send(event line: [UInt8]) {
    if isNegotiated { stream?.write(line) }
  }

  /// Takes no more commands, and ends the connection when those that run are answered and all is sent.
  func leave() {
    guard !isLeaving else { return }
    isLeaving = true
    order.refuseWaiting(QMPErrorReply("GenericError", "Not done: the connection is closing"))
    _ = proceed()
  }

  /// Ends the connection at once.
  func drop() {
    stream?.close()
    end()
  }

  private func take(_ request: QMPRequest, size: Int) {
    switch (request.command, isNegotiated) {
    case ("qmp_capabilities", false): negotiate(request)
    case ("qmp_capabilities", true):
      refuse(
        "Capabilities negotiation is already complete, command ignored", "CommandNotFound", id: request.id)
    case (_, false):
      refuse("Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound", id: request.id)
    case (_, true):
      do throws(ControlError) {
        let command = try ControlRequest(command: request.command, arguments: request.arguments)
        take(command, id: request.id, size: size)
      } catch {
        order.add(QMPReply(.failure(error.reply), id: request.id))
      }
    }
  }

  private func take(_ command: ControlRequest, id: JSONValue?, size: Int) {
    switch command {
    case .queryCommands:
      let names = ControlRequest.commandNames + ["qmp_capabilities"]
      order.add(QMPReply(.success(.array(names.map { ["name": .string($0)] })), id: id))
    case .queryVersion: order.add(QMPReply(.success(version.json), id: id))
    default: order.add(command, id: id, size: size)
    }
  }

  private func negotiate(_ request: QMPRequest) {
    let wanted = request.arguments["enable"]?.array?.compactMap(\.string) ?? []
    if let capability = wanted.first {
      return refuse("Capability \(capability) not available", id: request.id)
    }
    isNegotiated = true
    order.add(QMPReply(.success([:]), id: request.id))
  }

  private func refuse(_ reason: String, _ errorClass: String = "GenericError", id: JSONValue? = nil) {
    order.add(QMPReply(.failure(QMPErrorReply(errorClass, reason)), id: id))
  }

  /// Sends the replies whose turn it is; gives the commands that may start.
  private func proceed() -> [CommandOrder.Start] {
    for reply in order.takeReplies() { stream?.write(QMPLine.fromServer(reply.json)) }
    if isLeaving, order.isIdle { stream?.closeWhenSent { [weak self] in self?.end() } }
    return stream == nil ? [] : order.takeStarts()
  }

  private func end() {
    guard stream != nil else { return }
    stream = nil
    left()
  }
}
