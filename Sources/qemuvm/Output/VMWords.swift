internal import Control

// What is told of a VM, for a person: each text in one line, with nothing in it that a terminal obeys.
extension VMChange {
  /// One line.
  var shownCause: String? { cause.map(Printable.line) }

  /// The state, with the health of a guest that runs behind it.
  var stateWithHealth: String { VMWords.state(state, health) }
}

extension VMStatus {
  var shownCause: String? { cause.map(Printable.line) }
  var stateWithHealth: String { VMWords.state(state, health) }
}

extension VMReply {
  /// The file of its profile; nil where that is not known, or is built in.
  var profileFile: String? { VMWords.file(profileFiles) }
}

extension VMDetails {
  var profileFile: String? { VMWords.file(profileFiles) }
}

enum VMWords {
  fileprivate static func state(_ state: Word<VMState>, _ health: Word<Health>) -> String {
    let word = Printable.line(state.text)
    guard state.known == .running, health.known != Health.none else { return word }
    return "\(word) (\(health.known == .starting ? "health: starting" : Printable.line(health.text)))"
  }

  fileprivate static func file(_ profiles: [String]) -> String? {
    profiles.first.flatMap { $0.hasPrefix("/") ? Printable.line($0) : nil }
  }
}
