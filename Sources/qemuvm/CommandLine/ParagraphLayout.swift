/// Lays words out in lines of a given width.
enum ParagraphLayout {
  /// The columns that help is set in; terminals are rarely narrower, and longer lines read badly.
  static let width = 80

  /// The text in lines of at most `width` columns, each behind `indent` spaces, the first behind `lead`.
  ///
  /// A word wider than a line stands alone on one. `lead` is taken to be as wide as `indent` unless it is wider: the
  /// text then begins on the next line.
  static func lines(_ text: String, lead: String = "", indent: Int = 0) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = lead
    if lead.count < indent {
      line += String(repeating: " ", count: indent - lead.count)
    } else if lead.count > indent {
      lines.append(lead)
      line = margin
    }
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = margin
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}
