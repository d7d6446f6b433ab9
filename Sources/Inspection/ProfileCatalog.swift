package import Control
package import Host
package import Machine

/// The profiles at hand: those in the folders, in the order in which they are looked up, then those built in.
///
/// It blocks.
package struct ProfileCatalog: Sendable {
  /// A profile's place.
  package struct Entry: Sendable {
    package let name: String

    /// Its file; nil for one that is built in.
    package let file: String?
    package let bytes: [UInt8]
  }

  private static let suffix = ".json5"

  /// Where profiles are looked for, the nearest first.
  private let folders: [String]
  private let locations: Locations

  /// Those of the host, and of a lab's folder.
  package init(_ locations: Locations, directory: String) {
    self.locations = locations
    folders = locations.profileFolders(directory: directory)
  }

  /// Each name once, as the nearest folder has it.
  package func entries() throws(SystemError) -> [Entry] {
    var entries: [Entry] = []
    for name in try names() {
      if let entry = try entry(name) { entries.append(entry) }
    }
    return entries
  }

  /// The profile that a definition of that name gets; nil where there is none.
  package func entry(_ name: String) throws(SystemError) -> Entry? {
    for folder in folders {
      let file = "\(folder)/\(name)\(Self.suffix)"
      if let bytes = try FileSystem.readIfPresent(file) { return Entry(name: name, file: file, bytes: bytes) }
    }
    return BuiltinProfiles.named(name).map { Entry(name: name, file: nil, bytes: $0) }
  }

  /// All names, sorted.
  package func names() throws(SystemError) -> [String] {
    var names = Set(BuiltinProfiles.names)
    for folder in folders where FileSystem.isDirectory(folder) {
      for file in try FileSystem.names(in: folder) where file.hasSuffix(Self.suffix) {
        names.insert(String(file.dropLast(Self.suffix.count)))
      }
    }
    return names.sorted()
  }

  /// A profile with all that it extends; what is wrong with them is told together with where they were asked for.
  ///
  /// `UntrustedFile` where somebody else has a hand in one of them.
  package func chain(_ name: String, askedAt origin: Origin?) throws -> ProfileChain {
    return try ProfileChain(
      // They are only what may have been meant: a folder that cannot be listed adds none.
      name, askedAt: origin, known: { (try? names()) ?? BuiltinProfiles.names },
      lookup: { name in
        guard let entry = try entry(name), let file = entry.file else { return nil }
        try locations.requireTrust(in: file)
        return (bytes: entry.bytes, file: file)
      })
  }
}
