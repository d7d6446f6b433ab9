internal import Control

extension CommandFailure {
  /// From the supervisor's refusal; `task` says what was asked where the supervisor's words do not.
  init(_ error: ControlError, subject: String?, doing task: String? = nil) {
    var lines = Printable.lines(error.description).split(separator: "\n").map(String.init)
    var reason = lines.isEmpty ? "failed" : lines.removeFirst()
    if let subject, reason.hasPrefix("\(subject): ") { reason.removeFirst(subject.count + 2) }
    if let task { reason = "\(task): \(reason)" }
    let code: ExitCode =
      switch error.kind {
      case .invalid: .usage
      case .notFound: .noSuchVM
      case .timedOut: .deadline
      case .disconnected: .noSupervisor
      default: .failed
      }
    if code == .noSuchVM, lines.isEmpty {
      lines = ["'qemuvm ls' lists the VMs; 'qemuvm up' creates those of a lab file."]
    }
    self.init(code, subject, reason, hints: lines)
  }
}
