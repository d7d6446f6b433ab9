internal import Glibc
package import Host
package import JSON
package import QMP

/// A client's end of the control socket, for a program that has nothing else to do: it waits in poll(2).
///
/// No queue and no thread stand behind it. A command asks and is done within a few milliseconds, and what those cost
/// would be the most of it, more still on a busy host. Owned by one thread.
package final class ControlClient {
  /// How long a supervisor may take to greet.
  package static let greetingDeadline = Duration.seconds(10)

  /// What comes from the supervisor.
  package enum Message: Sendable {
    /// The reply to the command of that number.
    case reply(Int, Result<JSONValue, ControlError>)
    case event(QMPEvent)
  }

  /// The supervisor's version, such as `0.1.0`.
  package let serverVersion: String

  /// The state folder whose VMs it keeps; nil when the supervisor does not tell.
  package let stateDirectory: String?

  /// Where it listens; empty where that is on another host.
  package let socketPath: String

  private let line: ControlLine

  /// The commands without a reply, by number.
  private var outstanding: [Int: ControlRequest] = [:]
  private var nextNumber = 1

  /// Until when the first command's negotiation is to be answered, which waits for no VM; nil once it is.
  private var negotiationDue: Instant?

  /// Whether a command that was not answered may have been begun: not before the negotiation, which is answered first,
  /// and not once the supervisor has said that it leaves.
  private var mayHaveBegun = false

  /// Messages that came while one reply was waited for.
  private var kept: [Message] = []

  /// The number of `qmp_capabilities`, which goes out with the first command.
  private static let negotiation = 0

  /// What waits to be sent with the next command.
  private var unsent = QMPLine.fromClient(QMPRequest(QMPCapabilities.name, id: JSONValue(negotiation)).json)

  /// How long the supervisor may take none of a command, and leave the negotiation unanswered.
  private let patience: Duration

  private init(_ line: ControlLine, _ greeting: QMPGreeting, socketPath: String, patience: Duration) {
    self.socketPath = socketPath
    self.line = line
    self.patience = patience
    serverVersion = "\(greeting.version)"
    stateDirectory = greeting.stateDirectory
  }

  /// Somebody listens, and has not greeted within `greetingDeadline`.
  package struct NoAnswer: Error {}

  /// Connects and waits for the greeting.
  ///
  /// A `SystemError` says that nobody listens (ENOENT, ECONNREFUSED) or too many wait (EAGAIN), `NoAnswer` that whoever
  /// listens hangs, a `ControlError` that it is no supervisor.
  package static func connect(
    to socketPath: String, greetingDeadline: Instant = .now + greetingDeadline,
    sendPatience: Duration = greetingDeadline
  ) throws -> ControlClient {
    try greeted(
      on: ControlLine(try UnixSocket.connect(to: socketPath)), at: socketPath, by: greetingDeadline,
      sendPatience)
  }

  /// The same over a connection that something else has made, and leads to a supervisor somewhere.
  ///
  /// The socket does not block; without a deadline the greeting is waited for as long as that takes.
  package static func connect(
    over socket: consuming FileDescriptor, greetingDeadline: Instant?,
    sendPatience: Duration = greetingDeadline
  ) throws -> ControlClient {
    try greeted(on: ControlLine(socket), at: "", by: greetingDeadline, sendPatience)
  }

  private static func greeted(
    on line: ControlLine, at path: String, by deadline: Instant?, _ sendPatience: Duration
  ) throws -> ControlClient {
    do {
      switch try line.next(until: deadline) {
      case .greeting(let greeting)?:
        return ControlClient(line, greeting, socketPath: path, patience: sendPatience)
      case nil: throw NoAnswer()
      default: throw QMPDisconnection.violation(.noGreeting)
      }
    } catch QMPDisconnection.peerGone {
      throw ControlError(.closing, "the supervisor left before it greeted")
    } catch let error as QMPDisconnection {
      throw ControlError(QMPError.greeting(error))
    }
  }

  /// Sends a command; its number tells its reply.
  ///
  /// Several may be on their way: the supervisor says which of them run at the same time.
  package func send(_ request: ControlRequest) throws(ControlError) -> Int {
    let number = nextNumber
    nextNumber += 1
    unsent += QMPLine.fromClient(
      QMPRequest(request.commandName, request.arguments, id: JSONValue(number)).json)
    var isSent = true
    do throws(QMPDisconnection) {
      isSent = try line.send(unsent, patience: patience)
    } catch .peerGone {
      // What it said before it went is still to be read, and tells what is known.
    } catch {
      throw ControlError(.interrupted(command: request.commandName, error))
    }
    // The rest of it cannot be sent later: whoever hears this has done with the connection.
    guard isSent else { throw .silent(command: request.commandName, for: patience) }
    if number == 1 { negotiationDue = .now + patience }
    unsent = []
    outstanding[number] = request
    return number
  }

  /// Waits for the next reply or event; nil when the deadline has passed, an error when the supervisor is gone.
  package func next(until deadline: Instant? = nil) throws(ControlError) -> Message? {
    kept.isEmpty ? try receive(until: deadline) : kept.removeFirst()
  }

  /// Sends a command and waits for its reply, without end where no deadline is given.
  ///
  /// Other messages that come meanwhile are kept for `next`.
  package func perform(
    _ request: ControlRequest, deadline: Duration? = nil
  ) throws(ControlError) -> JSONValue {
    let number = try send(request)
    let due = deadline.map { Instant.now + $0 }
    while let message = try receive(until: due) {
      if case .reply(number, let result) = message { return try result.get() }
      kept.append(message)
    }
    outstanding[number] = nil
    throw ControlError(.timedOut(command: request.commandName, after: deadline ?? .zero))
  }

  private func receive(until deadline: Instant?) throws(ControlError) -> Message? {
    do throws(QMPDisconnection) {
      while true {
        let due = [deadline, negotiationDue].compactMap { $0 }.min()
        guard let message = try line.next(until: due) else { break }
        switch message {
        case .event(let event):
          if event.name == ControlServer.leavingEvent { mayHaveBegun = false }
          return .event(event)
        case .reply(let reply): if let message = try take(reply) { return message }
        case .greeting: throw .violation(.repeatedGreeting)
        }
      }
    } catch .peerGone where !mayHaveBegun {
      throw ControlError(.closing, "the supervisor left before it began this")
    } catch {
      throw ControlError(.interrupted(command: oldestCommand, error))
    }
    guard let negotiationDue, .now >= negotiationDue else { return nil }
    throw .silent(command: oldestCommand, for: patience)
  }

  private var oldestCommand: String {
    outstanding.min { $0.key < $1.key }?.value.commandName ?? "the connection"
  }

  /// What a reply says to the caller; nil where that is nothing.
  private func take(_ reply: QMPReply) throws(QMPDisconnection) -> Message? {
    // It is about the connection: there is no room for another.
    if reply.id == nil, case .failure(let error) = reply.result { throw .refused(error) }
    guard let number = reply.id?.int, number < nextNumber else { throw .violation(.unknownID(reply.id)) }
    guard number != Self.negotiation else {
      if case .failure(let error) = reply.result { throw .refused(error) }
      negotiationDue = nil
      mayHaveBegun = true
      return nil
    }
    // A reply to a command that was given up has no reader any more.
    guard outstanding.removeValue(forKey: number) != nil else { return nil }
    return .reply(number, reply.result.mapError { ControlError($0) })
  }
}
