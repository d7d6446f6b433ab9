internal import Control
internal import Host

/// How far a VM has come on its way, for a person who has waited in vain.
struct GuestStage {
  private static let mostLines = 10
  private static let mostBytes = 4096

  /// Such as `it is running, and not ready: no sshd answers in it`.
  let words: String

  /// What stands last on its console, with a line before that says so; none where it has said nothing.
  let consoleLines: [String]

  init(_ vm: VMDetails) {
    let status = vm.status
    let state = Printable.line(status.stateWithHealth)
    let reason = vm.healthCause ?? (status.state.known == .running ? nil : status.shownCause)
    words = "it is \(state)" + (reason.map { ": \(Printable.line($0))" } ?? "")
    // A log that cannot be read has nothing to say.
    let tail = status.consoleLog.flatMap { try? FileSystem.tail($0, bytes: Self.mostBytes) } ?? []
    let lines = String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { Printable.line(String($0)) }.filter { !$0.allSatisfy(\.isWhitespace) }.suffix(Self.mostLines)
    consoleLines = lines.isEmpty ? [] : ["The last lines of its console:"] + lines.map { "| \($0)" }
  }
}
