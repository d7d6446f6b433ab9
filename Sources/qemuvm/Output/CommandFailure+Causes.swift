internal import Control
internal import Host
internal import QMP

extension CommandFailure {
  /// From the supervisor's refusal of something asked about a VM, or about none.
  init(_ error: ControlError, subject: String?) {
    if error.kind == .disconnected || error.kind == .closing {
      self.init(lost: error, subject)
      return
    }
    var advice = error.advice
    if error.kind == .notFound, error.fact != .ambiguousName {
      advice = ["'qemuvm ls' lists the VMs; 'qemuvm up' creates those of a lab file."]
    }
    self.init(ExitCode(error.kind), Self.subject(of: error, subject), error.sentence, hints: advice)
  }

  /// The VM that it is about; the supervisor knows better in which lab that is.
  private static func subject(of error: ControlError, _ asked: String?) -> String? {
    switch error.fact {
    // The words name what they are about.
    case .noSuchVM?, .ambiguousName?, .otherLabFile?: nil
    default: error.vm.map { "\($0)" } ?? asked
    }
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
    guard error.isOfQEMU else {
      self.init(error, subject: subject)
      return
    }
    self.init(.failed, subject, "\(command): \(error.reply.errorClass): \(error.reason)")
  }

  /// From a file that somebody else has a hand in.
  init(_ file: UntrustedFile, _ context: Context, _ code: ExitCode = .failed) {
    self.init(code, nil, "\(file)", hints: [context.locations.adviceOnTrust(in: file)])
  }
}

extension ControlError {
  /// Whether it is QEMU's own refusal, which has no facts beside its words.
  var isOfQEMU: Bool {
    switch kind {
    case .failed, .notFound, .commandNotFound, .qemu: vm == nil && fact == nil
    case .invalid, .timedOut, .closing, .silent, .disconnected: false
    }
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
