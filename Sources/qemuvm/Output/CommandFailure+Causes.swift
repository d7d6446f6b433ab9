internal import Control
internal import Host
internal import QMP

extension CommandFailure {
  /// From the supervisor's refusal of something asked about a VM, or about none.
  ///
  /// The supervisor's own words begin with the VM's name, which is not said twice.
  init(_ error: ControlError, subject: String?) {
    if error.kind == .disconnected || error.kind == .closing {
      self.init(lost: error, subject)
      return
    }
    let (name, lines) = Self.split(error, subject)
    let code = ExitCode(error.kind)
    let isBare = code == .noSuchVM && lines.count == 1
    let hints =
      isBare ? ["'qemuvm ls' lists the VMs; 'qemuvm up' creates those of a lab file."] : lines.dropFirst()
    let reason = lines.first ?? "failed"
    // "no VM is called 'web'" says it all.
    let isNamed = code == .noSuchVM && name.map { reason.contains("'\($0)'") } ?? false
    self.init(code, isNamed ? nil : name, reason, hints: Array(hints))
  }

  /// From the end of the connection: what is known then of what was asked.
  private init(lost error: ControlError, _ subject: String?) {
    let isBegun = error.kind == .disconnected
    let known =
      isBegun ? "it may have been done or not" : "it was not done, and the next supervisors left as well"
    let hint = subject.map { "'qemuvm status \($0)' shows how it is now." }
    self.init(
      .noSupervisor, subject, "the supervisor left before it answered: \(known)",
      hints: hint.map { [$0] } ?? [])
  }

  /// From the refusal of a QMP command: QEMU's own words stand behind their class.
  init(_ error: ControlError, subject: String, command: String) {
    let (name, lines) = Self.split(error, subject)
    guard !error.description.hasPrefix("\(name ?? subject): "), error.kind != .disconnected,
      error.kind != .closing, error.kind != .silent,
      error.kind != .timedOut
    else {
      self.init(error, subject: subject)
      return
    }
    let words = ([error.reply.errorClass] + lines).joined(separator: ": ")
    self.init(.failed, name, "\(command): \(words)")
  }

  /// From a file that somebody else has a hand in.
  init(_ file: UntrustedFile, _ context: Context, _ code: ExitCode = .failed) {
    self.init(code, nil, "\(file)", hints: [context.locations.adviceOnTrust(in: file)])
  }

  /// The VM that the words are about, and the words without its name, line by line.
  private static func split(_ error: ControlError, _ subject: String?) -> (name: String?, lines: [String]) {
    var lines = Printable.lines(error.description).split(separator: "\n").map(String.init)
    guard let subject, let first = lines.first, let colon = first.firstIndex(of: ":") else {
      return (subject, lines)
    }
    let name = String(first[..<colon])
    // The supervisor may know better in which lab the VM is.
    guard name == subject || name.hasSuffix("/" + subject) else { return (subject, lines) }
    lines[0] = String(first[first.index(after: colon)...].drop { $0 == " " })
    return (name, lines)
  }
}

extension ExitCode {
  /// What a refusal of the supervisor's is to a script.
  init(_ kind: ControlError.Kind) {
    self =
      switch kind {
      case .invalid: .usage
      case .notFound: .noSuchVM
      case .timedOut: .deadline
      case .disconnected, .closing, .silent: .noSupervisor
      case .failed, .commandNotFound, .qemu: .failed
      }
  }
}
