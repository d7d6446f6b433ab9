/// A VM's definition with its profiles filled in: every path absolute, nothing decided yet.
///
/// What must be found out before a machine can be resolved, such as which QEMU to ask, stands in its settings.
package struct FlatDefinition: Sendable, Equatable {
  package let name: VMName
  package let profile: String
  package let settings: Settings
  package let origins: Origins

  /// Puts a definition over its profiles.
  ///
  /// - Parameters:
  ///   - definition: what the user wrote.
  ///   - directory: the folder its relative paths start at, an absolute path.
  ///   - profiles: the profile that it names and those below.
  package init(_ definition: VMDefinition, in directory: String, over profiles: ProfileChain) {
    name = definition.name
    profile = definition.profile
    settings = definition.settings.anchored(in: directory).merged(over: profiles.settings)
    origins = definition.origins.merged(over: profiles.origins)
  }
}
