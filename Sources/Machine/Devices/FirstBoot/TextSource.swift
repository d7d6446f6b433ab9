internal import JSON

/// A text of a definition: written there, or a file of the host's, `{ file: "FILE" }`.
package enum TextSource: Sendable, Equatable {
  case text(String)

  /// Read when the guest is started.
  case file(String)

  /// The file, if it is one.
  package var file: String? {
    switch self {
    case .text: nil
    case .file(let path): path
    }
  }

  func anchored(in directory: String) -> TextSource {
    switch self {
    case .text: self
    case .file(let path): .file(path.anchored(in: directory))
    }
  }

  /// Reads either form; `check` says what is wrong with a text that is written.
  static func read(
    _ node: DefinitionNode, expected: String, check: (String) -> String? = { _ in nil }
  ) -> TextSource? {
    if node.members == nil {
      guard let text = node.nonEmptyText(expected: "\(expected), or { file: \"FILE\" }") else { return nil }
      if let problem = check(text) { return node.wrong(problem) }
      return .text(text)
    }
    guard var reader = ObjectReader(node) else { return nil }
    let path = reader.read("file") { $0.fileName(expected: "a file") }
    if !reader.has("file") { reader.missing("file", "the file with \(expected)") }
    reader.finish()
    return path.map { .file($0) }
  }

  var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .file(let path): ["file": .string(path)]
    }
  }
}
