internal import Control

/// How text looks on a terminal: colours, or none.
struct TextStyle: Sendable, Equatable {
  let isColourful: Bool

  static let plain = TextStyle(isColourful: false)

  private init(isColourful: Bool) {
    self.isColourful = isColourful
  }

  /// Colours on a terminal that has them, unless `NO_COLOR` says otherwise, see no-color.org.
  init(isTerminal: Bool, environment: [String: String]) {
    let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    isColourful = isTerminal && !isRefused && environment["TERM"] != "dumb"
  }

  /// The word for a VM's state in the state's colour.
  func state(_ text: String, _ state: VMState?) -> String {
    guard isColourful, let state else { return text }
    let colour =
      switch state {
      case .running: 32
      case .waiting, .starting, .stopping, .backoff: 33
      case .paused: 36
      case .failed: 31
      case .stopped: 2
      }
    return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
  }

  /// A verdict of the doctor's in its colour.
  func verdict(_ verdict: Finding.Verdict) -> String {
    guard isColourful else { return verdict.rawValue }
    let colour =
      switch verdict {
      case .ok: 32
      case .warning: 33
      case .failure: 31
      }
    return "\u{1B}[\(colour)m\(verdict.rawValue)\u{1B}[0m"
  }

  func heading(_ text: String) -> String {
    isColourful ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }
}
