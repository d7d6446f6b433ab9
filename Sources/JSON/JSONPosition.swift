/// A place in a text as an editor shows it.
///
/// Both numbers count from 1. A line ends at LF, CR or CR LF; the column counts Unicode scalars.
package struct JSONPosition: Sendable, Hashable {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  static let start = JSONPosition(line: 1, column: 1)
}

extension JSONPosition: Comparable {
  package static func < (left: JSONPosition, right: JSONPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

extension JSONPosition: CustomStringConvertible {
  package var description: String { "\(line):\(column)" }
}
