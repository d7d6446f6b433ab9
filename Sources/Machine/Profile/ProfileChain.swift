/// A profile with all that it extends, nearest first.
package struct ProfileChain: Sendable {
  package let profiles: [Profile]

  /// What a lookup finds: a profile's text, and its file's absolute path.
  package typealias Source = (bytes: [UInt8], file: String)

  /// Reads a profile and those below it.
  ///
  /// - Parameters:
  ///   - name: the profile's name.
  ///   - origin: where it was asked for.
  ///   - known: the names that could be meant, asked for only when one is unknown.
  ///   - lookup: finds a profile by name, nil when there is none; `BuiltinProfiles` are found behind it.
  /// - Throws: `DefinitionError`, or what the lookup throws.
  package init(
    _ name: String, askedAt origin: Origin? = nil, known: () -> [String] = { [] },
    lookup: (String) throws -> Source? = { _ in nil }
  ) throws {
    var profiles: [Profile] = []
    var next: String? = name
    var path = "profile"
    var origin = origin
    while let name = next {
      let chain = profiles.map(\.name) + [name]
      guard !profiles.contains(where: { $0.name == name }) else {
        let reason = "profiles extend each other in a circle: \(chain.joined(separator: " -> "))"
        throw DefinitionError([Problem(.invalid(reason), path: path, origin: origin)])
      }
      guard let source = try lookup(name) ?? Self.builtin(name) else {
        let known = Set(known() + BuiltinProfiles.names).sorted()
        let reason = Problem.Reason.unknownName(
          name, kind: "profile", nearest: nearestName(to: name, among: known), known: known)
        throw DefinitionError([Problem(reason, path: path, origin: origin)])
      }
      let profile = try Profile(parsing: source.bytes, name: name, file: source.file)
      profiles.append(profile)
      next = profile.extends
      path = "extends"
      origin = profile.origins["extends"]
    }
    self.profiles = profiles
  }

  private static func builtin(_ name: String) -> Source? {
    BuiltinProfiles.named(name).map { ($0, "builtin:\(name).json5") }
  }

  /// What the profiles say together, relative paths made absolute.
  package var settings: Settings {
    profiles.reversed().reduce(Settings()) { $1.settings.merged(over: $0) }
  }

  /// Where each of those settings was written.
  package var origins: Origins {
    profiles.reversed().reduce(Origins()) { $1.origins.merged(over: $0) }
  }
}
