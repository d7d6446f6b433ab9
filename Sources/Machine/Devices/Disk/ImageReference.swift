internal import JSON

/// Which image a disk stands on, as written: a file, a name of the image store, or what is downloaded into the store.
///
/// A file's path has a slash; a text without one is a name.
package enum ImageReference: Sendable, Hashable {
  case file(String)
  case stored(String)
  case remote(RemoteImage)

  init(_ text: String) { self = text.contains("/") ? .file(text) : .stored(text) }

  /// As a person reads it.
  package var text: String {
    switch self {
    case .file(let path): path
    case .stored(let name): name
    case .remote(let image): image.shown
    }
  }

  /// What is to be downloaded; nil for what is here.
  package var remote: RemoteImage? { if case .remote(let image) = self { image } else { nil } }

  /// The name of the store; nil for a file.
  package var storedName: String? { if case .stored(let name) = self { name } else { nil } }

  /// The reference with a file's path seen from a folder.
  func anchored(in directory: String) -> ImageReference {
    switch self {
    case .file(let path): .file(path.anchored(in: directory))
    case .stored, .remote: self
    }
  }

  /// What a disk on it is known by unless it has a name: the base name, without the ending that tells a format.
  var baseName: String {
    let name = remote?.imageName ?? text.split(separator: "/").last.map(String.init) ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      DiskSetting.Format(fileName: name) != nil
    else { return name }
    return String(name[..<dot])
  }
}

extension ImageReference: DefinitionValue {
  static func read(_ node: DefinitionNode) -> ImageReference? {
    if node.members != nil { return RemoteImage.read(node).map(Self.remote) }
    let expected = "an image: a file, a name of the image store, or an object with an address in 'url'"
    guard let text = node.fileName(expected: expected) else { return nil }
    guard !text.contains("://") else {
      return node.wrong(
        "an image is downloaded only with its checksum: { url: …, sha256: … }, or 'qemuvm image pull' downloads it into "
          + "the store, and its name stands here")
    }
    return Self(text)
  }

  var json: JSONValue {
    switch self {
    case .file(let text), .stored(let text): .string(text)
    case .remote(let image): .object(image.json)
    }
  }
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

  /// What has been downloaded of what is asked for.
  package var remote: [RemoteImage: Entry] = [:]

  /// All names there are, where one was not found.
  package var names: [String]

  package init(entries: [String: Entry] = [:], names: [String] = []) {
    self.entries = entries
    self.names = names
  }

  /// The content of a reference; nil for a file, and for what the store does not have.
  func entry(_ reference: ImageReference) -> Entry? {
    switch reference {
    case .file: nil
    case .stored(let name): entries[name]
    case .remote(let image): remote[image]
    }
  }
}
