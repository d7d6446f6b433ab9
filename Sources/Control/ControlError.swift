package import QMP

/// Why a command of the control socket was not done: a kind for programs and a text for people.
package struct ControlError: Error, Sendable, Equatable {
  package enum Kind: Sendable, Hashable {
    case failed

    /// The definition or the settings are wrong.
    case invalid

    /// There is no such VM.
    case notFound
    case timedOut
    case commandNotFound

    /// A QEMU's own refusal, by its class.
    case qemu(String)

    /// The supervisor is leaving and has not begun the command: the next one may be asked.
    case closing

    /// The supervisor is there and says nothing, so what became of the command is not known; never on the wire.
    case silent

    /// The connection to the supervisor ended, so what became of the command is not known; never on the wire.
    case disconnected
  }

  package var kind: Kind

  /// What failed, on which VM and why; what to do next stands on further lines.
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

extension ControlError: CustomStringConvertible {}

extension ControlError {
  private static let classes: [(Kind, String)] = [
    (.failed, "GenericError"), (.invalid, "InvalidDefinition"), (.notFound, "DeviceNotFound"),
    (.timedOut, "Timeout"), (.commandNotFound, "CommandNotFound"), (.closing, "ServerClosing"),
  ]

  /// Of a supervisor that is there and says nothing: it hangs, is stopped, or has lost the connection.
  static func silent(command: String, for time: Duration) -> ControlError {
    ControlError(
      .silent,
      """
      the supervisor has not answered within \(time.components.seconds) s: whether it has done '\(command)' is not known
        'qemuvm supervisor status' tells more.
      """)
  }

  /// From the error that the supervisor replied.
  package init(_ reply: QMPErrorReply) {
    let kind = Self.classes.first { $0.1 == reply.errorClass }?.0
    self.init(kind ?? .qemu(reply.errorClass), reply.description)
  }

  /// As the supervisor replies it.
  package var reply: QMPErrorReply {
    let errorClass =
      switch kind {
      case .qemu(let name): name
      default: Self.classes.first { $0.0 == kind }?.1 ?? "GenericError"
      }
    return QMPErrorReply(errorClass, description)
  }

  /// What a connection's error means to the one who sent the command; `name` is the VM's, where it is a QEMU's.
  ///
  /// A refusal keeps its class and its words.
  package init(_ error: QMPError, name: String? = nil) {
    switch error {
    case .execution(let reply, _) where name == nil: self.init(reply)
    case .execution(let reply, _): self.init(.qemu(reply.errorClass), reply.description)
    case .timedOut where name == nil: self.init(.timedOut, "the supervisor: \(error)")
    case .timedOut(let command, let limit):
      self.init(.timedOut, "\(name ?? ""): QEMU did not answer \(command) within \(limit)")
    case .replyTooLong where name != nil:
      self.init(
        .failed,
        """
        \(name ?? ""): \(error)
          Ask on the VM's own monitor: 'qemuvm status \(name ?? "") --json' names it as 'qmpSocket'.
        """)
    case .replyTooLong, .greeting, .negotiation, .notNegotiated, .interrupted, .protocolViolation:
      self.init(name == nil ? .disconnected : .failed, "\(name ?? "the supervisor"): \(error)")
    }
  }
}
