/// Why a command did not do what it was asked: what failed, on which VM, why, and what to do next.
///
/// The form on stderr is `web: cannot start: …`, with what to do next on indented lines below.
struct CommandFailure: Error, Equatable {
  let code: ExitCode

  /// The VM or the file it is about; nil for the program itself.
  let subject: String?
  let reason: String
  var hints: [String]

  init(_ code: ExitCode = .failed, _ subject: String? = nil, _ reason: String, hints: [String] = []) {
    self.code = code
    self.subject = subject
    self.reason = reason
    self.hints = hints
  }

  /// The lines for stderr; nothing in them, a user's argument and a guest's word included, is an order to a terminal.
  var text: String {
    let subject = subject.map(Printable.line)
    var lines = Printable.lines(reason).split(separator: "\n", omittingEmptySubsequences: true)
      .map(String.init)
    let first = lines.isEmpty ? "" : lines.removeFirst()
    let head = "\(subject ?? "qemuvm"): \(first)"
    return ([head] + (lines + hints.map(Printable.line)).map { "  " + $0.drop { $0 == " " } }).joined(
      separator: "\n") + "\n"
  }
}
