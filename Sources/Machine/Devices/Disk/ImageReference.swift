internal import JSON

/// Which image a disk stands on, as written: a file, or a name of the image store.
///
/// A file's path has a slash; a text without one is a name.
package enum ImageReference: Sendable, Hashable {
  case file(String)
  case stored(String)

  init(_ text: String) { self = text.contains("/") ? .file(text) : .stored(text) }

  package var text: String {
    switch self {
    case .file(let path): path
    case .stored(let name): name
    }
  }

  /// The name of the store; nil for a file.
  package var storedName: String? { if case .stored(let name) = self { name } else { nil } }

  /// The reference with a file's path seen from a folder.
  func anchored(in directory: String) -> ImageReference {
    switch self {
    case .file(let path): .file(path.anchored(in: directory))
    case .stored: self
    }
  }

  /// What a disk on it is known by unless it has a name: the base name, without the ending that tells a format.
  var baseName: String {
    let name = text.split(separator: "/").last.map(String.init) ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      DiskSetting.Format(fileName: name) != nil
    else { return name }
    return String(name[..<dot])
  }
}

extension ImageReference: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ImageReference? {
    if node.members != nil {
      return node.wrong(
        "images are not downloaded yet; 'qemuvm image add' takes a file into the store, whose name then stands here"
      )
    }
    return node.nonEmptyText(expected: "an image: a file, or a name of the image store").map(Self.init)
  }

  var json: JSONValue { .string(text) }
}

/// What the image store has of the names that a definition asks it for; found out by others, so that resolving stays
/// pure.
package struct StoreFacts: Sendable, Equatable {
  /// A name's content.
  package struct Entry: Sendable, Equatable {
    package let path: String
    package let format: DiskSetting.Format

    package init(path: String, format: DiskSetting.Format) {
      self.path = path
      self.format = format
    }
  }

  package var entries: [String: Entry]

  /// All names there are, where one was not found.
  package var names: [String]

  package init(entries: [String: Entry] = [:], names: [String] = []) {
    self.entries = entries
    self.names = names
  }
}
