internal import JSON

/// A profile as read: defaults for the keys of a VM, and the name of the profile that it builds on.
package struct Profile: Sendable, Equatable {
  package let name: String
  /// The file as messages show it.
  package let file: String
  package let description: String?
  package let extends: String?
  package let settings: Settings
  package let origins: Origins

  /// Reads a file of JSON5 and reports all of its problems at once.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - name: the file's name without `.json5`.
  ///   - file: the file's absolute path; relative paths in it start at its folder.
  /// - Throws: all problems of the file.
  package init(parsing bytes: [UInt8], name: String, file: String) throws(DefinitionError) {
    let root = try LocatedJSON(definition: bytes, file: file)
    let log = DefinitionLog(file: file)
    guard let node = DefinitionNode(root, log: log).resolving(.ofProfile), var reader = ObjectReader(node)
    else {
      throw DefinitionError(log.problems)
    }
    description = reader.read("description")
    extends = reader.read("extends") { $0.name() }
    let settings = Settings.read(&reader, of: .profile)
    reader.finish()
    guard log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self.settings = file.lastIndex(of: "/").map { settings.anchored(in: String(file[..<$0])) } ?? settings
    self.name = name
    self.file = file
    origins = log.origins
  }
}
