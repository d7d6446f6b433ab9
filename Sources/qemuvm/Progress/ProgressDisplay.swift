internal import Control

/// How a person follows several VMs at once: lines that are redrawn on a terminal, and plain lines elsewhere.
///
/// Each call returns what to write next.
protocol ProgressDisplay: Sendable {
  /// What a VM has come to.
  mutating func show(_ label: String, at index: Int, _ state: VMState?, _ text: String) -> String

  /// A line beside the progress, such as a warning or an error.
  mutating func note(_ text: String) -> String
}

/// Progress as plain lines, one a change: `web: starting`.
struct PlainProgress: ProgressDisplay {
  private var last: [Int: String] = [:]

  func note(_ text: String) -> String { text.hasSuffix("\n") ? text : text + "\n" }

  mutating func show(_ label: String, at index: Int, _ state: VMState?, _ text: String) -> String {
    guard last[index] != text else { return "" }
    last[index] = text
    // What has failed is told by its error, with the reason.
    return state == .failed ? "" : "\(label): \(text)\n"
  }
}

/// No progress: only what goes wrong is told.
struct NoProgress: ProgressDisplay {
  func note(_ text: String) -> String { text.hasSuffix("\n") ? text : text + "\n" }
  func show(_ label: String, at index: Int, _ state: VMState?, _ text: String) -> String { "" }
}
