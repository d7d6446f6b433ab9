internal import Control

/// Rows of text under headings, in columns as wide as their widest cell.
struct Table: Sendable {
  /// On which side of its column a cell stands.
  enum Alignment: Sendable {
    case left
    case right
  }

  /// A cell's text, and the state whose colour it has.
  struct Cell: Sendable {
    let text: String
    let state: VMState?

    init(_ text: String, state: VMState? = nil) {
      self.text = text
      self.state = state
    }
  }

  private let headings: [(name: String, alignment: Alignment)]
  private var rows: [[Cell]] = []

  init(_ headings: [(String, Alignment)]) {
    self.headings = headings.map { (name: $0.0, alignment: $0.1) }
  }

  mutating func add(_ row: [Cell]) {
    rows.append(row)
  }

  /// The table as lines, two spaces between columns and none at the end of a line.
  ///
  /// Where a line has so many columns only, the last cell is cut to what is left of it.
  func text(_ style: TextStyle, columns: Int? = nil) -> String {
    guard let columns, let last = headings.indices.last else { return text(of: rows, style) }
    let others = headings.indices.dropLast().reduce(0) { $0 + width(of: $1, rows) + 2 }
    let rest = max(columns - others, headings[last].name.count, Self.narrowest)
    let cut = rows.map { row in
      Array(row.dropLast()) + row.suffix(1).map { Cell($0.text.cut(to: rest), state: $0.state) }
    }
    return text(of: cut, style)
  }

  /// A last column that has less room than that is not cut further: lines wrap then.
  private static let narrowest = 12

  private func width(of column: Int, _ rows: [[Cell]]) -> Int {
    rows.reduce(headings[column].name.count) { max($0, $1[column].text.count) }
  }

  private func text(of rows: [[Cell]], _ style: TextStyle) -> String {
    let widths = headings.indices.map { width(of: $0, rows) }
    let titles = line(headings.map { Cell($0.name) }, widths) { style.heading($0.text) }
    return rows.reduce(titles) { $0 + line($1, widths) { style.state($0.text, $0.state) } }
  }

  private func line(_ row: [Cell], _ widths: [Int], _ styled: (Cell) -> String) -> String {
    var line = ""
    // Space is owed until something stands behind it.
    var owed = 0
    for (column, cell) in row.enumerated() {
      let space = widths[column] - cell.text.count
      let isRight = headings[column].alignment == .right
      if isRight { owed += space }
      if !cell.text.isEmpty {
        line += String(repeating: " ", count: owed) + styled(cell)
        owed = 0
      }
      owed += (isRight ? 0 : space) + 2
    }
    return line + "\n"
  }
}

extension String {
  /// The text, or as much of it as there is room for, with a mark that it goes on.
  fileprivate func cut(to columns: Int) -> String {
    count > columns ? prefix(max(columns - 1, 0)) + "…" : self
  }
}
