/// How a command starts a supervisor in the background, and what that says first.
package enum SupervisorStart: Sendable, Equatable {
  /// The option by which it is told the descriptor for its first words.
  package static let option = "--ready-fd"

  /// It listens.
  case listening

  /// Another one has the state already.
  case taken

  /// It cannot start, for a reason in words.
  case refused(String)
}

extension SupervisorStart {
  private static let (listens, isTaken, refusal) = ("ok\n", "taken\n", "error: ")

  /// What is written to the descriptor.
  package var bytes: [UInt8] {
    switch self {
    case .listening: Array(Self.listens.utf8)
    case .taken: Array(Self.isTaken.utf8)
    case .refused(let words): Array("\(Self.refusal)\(words)\n".utf8)
    }
  }

  /// Reads what was written; nil for words that are none of these.
  package init?(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    switch text {
    case Self.listens: self = .listening
    case Self.isTaken: self = .taken
    default:
      guard text.hasPrefix(Self.refusal), text.hasSuffix("\n") else { return nil }
      self = .refused(String(text.dropFirst(Self.refusal.count).dropLast()))
    }
  }
}
