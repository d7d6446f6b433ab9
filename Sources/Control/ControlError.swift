internal import Host
internal import JSON
package import QMP

/// Why a command of the control socket was not done: a kind for programs, and the facts from which the words for people
/// are made at the edge.
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

  /// What happened, where a program may decide on it.
  package enum Fact: String, Sendable, CaseIterable {
    /// No VM has that name, or several have.
    case noSuchVM = "no-such-vm"
    case ambiguousName = "ambiguous-name"

    /// The VM is not in a state for this.
    case wrongState = "wrong-state"
    case exists

    /// The name, or the lab, belongs to another lab file.
    case otherLabFile = "other-lab-file"

    /// The wish could not be made durable: nothing holds, or perhaps it does.
    case notRecorded = "not-recorded"
    case mayHold = "may-hold"

    /// A file that the VM needs is missing, may not be used, or is not what it is said to be.
    case file
    case imageInUse = "image-in-use"
    case portInUse = "port-in-use"
    case qemu

    /// A file system has not answered in time.
    case noAnswer = "no-answer"

    /// What is kept of the VM cannot be read.
    case damaged

    /// Another command has come between, or the supervisor leaves with its guests.
    case superseded
    case leaving
  }

  package var kind: Kind

  /// The VM it is about; nil where it is about none, or the words name it.
  package var vm: FullName?

  /// What could not be done, as a verb: `start`; nil where the reason says it all.
  package var verb: String?
  package var fact: Fact?

  /// Why, in words; of several problems each has a line.
  package var reason: String

  /// What to do next, a sentence each.
  package var advice: [String]

  package init(
    _ kind: Kind, _ reason: String, vm: FullName? = nil, verb: String? = nil, fact: Fact? = nil,
    advice: [String] = []
  ) {
    self.kind = kind
    self.reason = reason
    self.vm = vm
    self.verb = verb
    self.fact = fact
    self.advice = advice
  }
}

// MARK: - In words

extension ControlError: CustomStringConvertible {
  /// What failed and why, without the VM's name, and without what to do next.
  package var sentence: String { (verb.map { "cannot \($0): " } ?? "") + reason }

  /// What failed, on which VM and why; what to do next stands on further lines.
  package var description: String {
    let head = (vm.map { "\($0): " } ?? "") + sentence
    return ([head] + advice.map { "  \($0)" }).joined(separator: "\n")
  }

  /// The same, about a start that was part of another verb.
  package func refusing(_ verb: String) -> ControlError {
    var error = self
    if error.verb != nil { error.verb = verb }
    return error
  }
}

// MARK: - On the wire

extension ControlError {
  private static let classes: [(Kind, String)] = [
    (.failed, "GenericError"), (.invalid, "InvalidDefinition"), (.notFound, "DeviceNotFound"),
    (.timedOut, "Timeout"), (.commandNotFound, "CommandNotFound"), (.closing, "ServerClosing"),
  ]

  /// From the error that the supervisor replied; without facts, its words are all that is known.
  package init(_ reply: QMPErrorReply) {
    let kind = Self.classes.first { $0.1 == reply.errorClass }?.0 ?? .qemu(reply.errorClass)
    guard let facts = reply.facts, let reason = facts["reason"]?.string else {
      self.init(kind, reply.description)
      return
    }
    self.init(
      kind, reason, vm: facts["name"]?.string.map { FullName($0, lab: facts["lab"]?.string) },
      verb: facts["verb"]?.string, fact: facts["fact"]?.string.flatMap(Fact.init(rawValue:)),
      advice: facts["advice"]?.array?.compactMap(\.string) ?? [])
  }

  /// As the supervisor replies it.
  package var reply: QMPErrorReply {
    let errorClass =
      switch kind {
      case .qemu(let name): name
      default: Self.classes.first { $0.0 == kind }?.1 ?? "GenericError"
      }
    let isPlain = vm == nil && verb == nil && fact == nil && advice.isEmpty
    return QMPErrorReply(errorClass, description, facts: isPlain ? nil : facts)
  }

  private var facts: JSONObject {
    [
      "name": JSONValue(text: vm?.name), "lab": JSONValue(text: vm?.lab), "verb": JSONValue(text: verb),
      "fact": JSONValue(text: fact?.rawValue), "reason": .string(reason), "advice": JSONValue(texts: advice),
    ]
  }

  /// Of a supervisor that is there and says nothing: it hangs, is stopped, or has lost the connection.
  package static func silent(command: String, for time: Duration) -> ControlError {
    let milliseconds = time.nanoseconds / 1_000_000
    let limit = milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    return ControlError(
      .silent,
      "the supervisor has not answered within \(limit): whether it has done '\(command)' is not known",
      advice: ["'qemuvm supervisor status' tells more."])
  }

  /// What a connection's error means to the one who sent the command; `vm` is whose QEMU it is, where it is one's.
  ///
  /// A refusal keeps its class and its words.
  package init(_ error: QMPError, of vm: FullName? = nil) {
    guard let vm else {
      switch error {
      case .execution(let reply, _): self.init(reply)
      case .timedOut: self.init(.timedOut, "the supervisor: \(error)")
      case .replyTooLong, .greeting, .negotiation, .notNegotiated, .interrupted, .protocolViolation:
        self.init(.disconnected, "the supervisor: \(error)")
      }
      return
    }
    switch error {
    case .execution(let reply, _): self.init(.qemu(reply.errorClass), reply.description)
    case .timedOut(let command, let limit):
      self.init(.timedOut, "QEMU did not answer \(command) within \(limit)", vm: vm, fact: .noAnswer)
    case .replyTooLong:
      self.init(
        .failed, "\(error)", vm: vm, fact: .qemu,
        advice: ["Ask on the VM's own monitor: 'qemuvm status \(vm) --json' names it as 'qmpSocket'."])
    case .greeting, .negotiation, .notNegotiated, .interrupted, .protocolViolation:
      self.init(.failed, "\(error)", vm: vm, fact: .qemu)
    }
  }
}
