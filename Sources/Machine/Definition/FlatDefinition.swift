package import JSON

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

extension FlatDefinition {
  /// Reads what `json` gives.
  package init(json: JSONValue, name: VMName) throws(DefinitionError) {
    let log = DefinitionLog(file: nil)
    guard var reader = ObjectReader(DefinitionNode(json, log: log)) else { throw DefinitionError(log.problems) }
    let origins = reader.read("origins") { $0.value.object.map(Origins.init(json:)) }
    let settings = Settings.read(&reader, of: .flat)
    reader.finish()
    guard log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self.name = name
    self.profile = settings.profile ?? "linux"
    self.settings = settings
    self.origins = origins ?? Origins()
  }

  /// The settings and where they were written: what the state folder keeps, so that a restart needs no other file.
  package var json: JSONObject {
    var object = settings.json
    object["profile"] = .string(profile)
    let origins = origins.json
    if !origins.isEmpty { object["origins"] = .object(origins) }
    return object
  }
}
