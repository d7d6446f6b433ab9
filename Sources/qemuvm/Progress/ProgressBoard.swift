internal import Control

/// Progress on a terminal: a line a VM, all redrawn at each change.
///
/// The cursor rests below the last line and is never hidden, so that a command that is interrupted leaves a sane
/// terminal. Lines are cut to the terminal's width, for one that wraps cannot be drawn over.
struct ProgressBoard: ProgressDisplay {
  private struct Line: Equatable {
    var label: String
    var state: VMState?
    var text: String
  }

  private let style: TextStyle
  private let columns: Int
  private var lines: [Line?]
  private var drawn = 0

  init(count: Int, columns: Int, style: TextStyle) {
    lines = Array(repeating: nil, count: count)
    self.columns = columns
    self.style = style
  }

  mutating func show(_ label: String, at index: Int, _ state: VMState?, _ text: String) -> String {
    let line = Line(label: label, state: state, text: text)
    guard lines[index] != line else { return "" }
    lines[index] = line
    return erase() + draw()
  }

  mutating func note(_ text: String) -> String {
    erase() + (text.hasSuffix("\n") ? text : text + "\n") + draw()
  }

  /// Takes all lines away.
  mutating func clear() -> String {
    defer {
      lines = lines.map { _ in nil }
      drawn = 0
    }
    return erase()
  }

  private func erase() -> String {
    drawn == 0 ? "" : "\u{1B}[\(drawn)A\r\u{1B}[J"
  }

  private mutating func draw() -> String {
    let shown = lines.compactMap { $0 }
    drawn = shown.count
    let width = min(shown.map(\.label.count).max() ?? 0, columns / 2)
    return shown.map { line in
      let label = line.label.prefix(width)
      let space = String(repeating: " ", count: width - label.count + 2)
      let text = String(line.text.prefix(max(0, columns - 1 - width - 2)))
      return label + space + style.state(text, line.state) + "\n"
    }.joined()
  }
}
