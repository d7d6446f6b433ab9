internal import JSON

/// The files that a lab is read from, each lying over those before it: those named, and what they include.
package struct LabSource: Sendable {
  /// A file as it was found.
  package struct Text: Sendable {
    /// Its absolute path, by which it is known.
    package let path: String

    /// The path as messages show it.
    package let shown: String
    package let bytes: [UInt8]

    package init(path: String, shown: String, bytes: [UInt8]) {
      self.path = path
      self.shown = shown
      self.bytes = bytes
    }
  }

  /// Why a file that is included cannot be read.
  package struct Unreadable: Error {
    let reason: String

    package init(_ reason: String) { self.reason = reason }
  }

  struct File: Sendable {
    let path: String
    let shown: String
    let root: LocatedJSON

    /// What relative paths in it start at.
    var folder: String { path.parentFolder }
  }

  /// The lowest first.
  private(set) var files: [File] = []
  let variables: Variables

  /// What relative paths in the lab start at: the folder of the first file that was named.
  let folder: String

  /// Reads the files and follows what they include.
  ///
  /// - Parameters:
  ///   - texts: the files that were named, the one that lies over the others last.
  ///   - variables: what stands for the references in them.
  ///   - find: finds an included file by its path, absolute or beside the one that includes it as messages show that.
  /// - Throws: what is no JSON5, and what cannot be included.
  package init(
    _ texts: [Text], variables: Variables,
    find: (_ path: String, _ shown: String) throws(Unreadable) -> Text
  ) throws(DefinitionError) {
    self.variables = variables
    folder = texts.first?.path.parentFolder ?? "/"
    for text in texts { try add(text, inside: [], find) }
  }

  /// One file alone.
  package init(_ text: Text, variables: Variables = Variables(environment: [:])) throws(DefinitionError) {
    try self.init([text], variables: variables) { _, _ throws(Unreadable) in
      throw Unreadable("there are no other files here")
    }
  }

  /// The paths of all files.
  package var paths: [String] { files.map(\.path) }

  /// Whether one of them has a variable in it.
  package var hasVariables: Bool { files.contains { $0.root.hasVariables } }

  /// So many files one inside the other are no lab.
  private static let deepest = 32

  private mutating func add(
    _ text: Text, inside outer: [Text],
    _ find: (_ path: String, _ shown: String) throws(Unreadable) -> Text
  ) throws(DefinitionError) {
    // A file counts where it is met first, so that it lies under all that include it.
    guard !files.contains(where: { $0.path == text.path }) else { return }
    let file = File(
      path: text.path, shown: text.shown, root: try LocatedJSON(definition: text.bytes, file: text.shown))
    let path = outer + [text]
    for include in try includes(of: file) {
      func refuse(_ why: String) -> DefinitionError {
        DefinitionError([Problem(.invalid(why), path: include.path, origin: include.origin)])
      }
      let found: Text
      do throws(Unreadable) {
        let folder = text.shown.contains("/") ? text.shown.parentFolder : nil
        found = try find(
          include.file.anchored(in: file.folder),
          folder.map { include.file.anchored(in: $0) } ?? include.file)
      } catch {
        throw refuse("'\(include.file.clipped)' cannot be read: \(error.reason)")
      }
      if let start = path.firstIndex(where: { $0.path == found.path }) {
        let circle = (path[start...].map(\.shown) + [found.shown]).joined(separator: " -> ")
        throw refuse("files include each other in a circle: \(circle)")
      }
      guard path.count < Self.deepest else {
        throw refuse("files include each other \(Self.deepest) deep; no more are followed")
      }
      try add(found, inside: path, find)
    }
    files.append(file)
  }

  /// The files that a file includes, each with its place.
  private func includes(of file: File) throws(DefinitionError) -> [(
    file: String, path: String, origin: Origin?
  )] {
    let log = DefinitionLog(file: file.shown)
    let member = DefinitionNode(file.root, log: log).members?.first { $0.key == LabFile.include }
    guard let node = member?.value.resolving(variables) else {
      if log.problems.isEmpty { return [] }
      throw DefinitionError(log.problems)
    }
    guard let files = LabFile.included(node) else { throw DefinitionError(log.problems) }
    return files.map { element in
      let origin = element.position.map { Origin(file: file.shown, position: $0) }
      return (element.value.string ?? "", element.path, origin)
    }
  }
}

extension String {
  /// The folder of a path that has one.
  fileprivate var parentFolder: String {
    guard let slash = lastIndex(of: "/") else { return "." }
    return slash == startIndex ? "/" : String(self[..<slash])
  }
}

extension LocatedJSON {
  /// Parses a file that a person wrote, with a syntax error as the one problem of that file.
  init(definition bytes: [UInt8], file: String) throws(DefinitionError) {
    do throws(JSONSyntaxError) {
      try self.init(parsing: bytes, dialect: .json5)
    } catch {
      let origin = Origin(file: file, position: error.position)
      throw DefinitionError([Problem(.syntax(error.problem), path: "", origin: origin)])
    }
  }

  fileprivate var hasVariables: Bool {
    switch content {
    case .string(let text): Variables.areIn(text)
    case .array(let elements): elements.contains(where: \.hasVariables)
    case .object(let members): members.contains(where: \.value.hasVariables)
    default: false
    }
  }
}
