package import JSON

/// A VM's definition with its profiles filled in: every path absolute, nothing decided yet.
///
/// What must be found out before a machine is resolved, such as which QEMU to ask, stands in its settings.
package struct FlatDefinition: Sendable, Equatable {
  package let name: VMName
  package let settings: Settings
  package let origins: Origins

  /// Puts a definition over its profiles.
  ///
  /// - Parameters:
  ///   - definition: what the user wrote.
  ///   - directory: the folder its relative paths start at, an absolute path.
  ///   - profiles: the profile that it names and those below.
  package init(_ definition: VMDefinition, in directory: String, over profiles: ProfileChain) {
    var settings = definition.settings.anchored(in: directory).merged(over: profiles.settings)
    settings.profile = definition.profile
    name = definition.name
    self.settings = settings
    // What was written without a place, on the command line, has none: not that of the profile's value.
    let below = profiles.origins.without(definition.settings.writtenPaths)
    origins = definition.origins.merged(over: below)
  }

  package var profile: String { settings.profile ?? VMDefinition.defaultProfile }
  package var restartPolicy: RestartPolicy { settings.restart?.policy ?? RestartPolicy() }
  package var stopTimeout: Duration { settings.stopTimeout ?? .seconds(60) }
  package var logLimits: LogLimits { settings.logs?.limits ?? LogLimits() }

  /// How the guest is looked after; nil where nobody asked for it, for a look wakes the host.
  package var health: HealthSetting? {
    settings.health ?? (settings.onHang == nil ? nil : HealthSetting())
  }

  package var onHang: HangSetting { settings.onHang ?? .restart }
}

extension FlatDefinition {
  /// Reads what `json` gives.
  package init(json: JSONValue, name: VMName) throws(DefinitionError) {
    let log = DefinitionLog(file: nil)
    guard var reader = ObjectReader(DefinitionNode(json, log: log)) else {
      throw DefinitionError(log.problems)
    }
    origins = reader.read("origins") { $0.value.object.map(Origins.init(json:)) } ?? Origins()
    settings = Settings.read(&reader, of: .flat)
    self.name = name
    reader.finish()
    guard log.problems.isEmpty else { throw DefinitionError(log.problems) }
  }

  /// The settings and where they were written: what the state folder keeps, for a restart without the files.
  package var json: JSONObject {
    var object = settings.json
    let origins = origins.json
    if !origins.isEmpty { object["origins"] = .object(origins) }
    return object
  }
}

extension FlatDefinition {
  /// What is written otherwise than in another, key by key: `cpus: 3 -> 1`.
  package func differences(from old: FlatDefinition) -> [String] {
    changes(from: old).map(\.description)
  }

  /// Those of them that a guest which runs does not have to be started anew for.
  package func liveDifferences(from old: FlatDefinition) -> [String] {
    let live = Set(SettingKey.all.filter(\.isLive).map(\.name))
    return changes(from: old).filter { live.contains(String($0.key.prefix { $0 != "." })) }
      .map(\.description)
  }

  private func changes(from old: FlatDefinition) -> [MachineChange.ValueChange] {
    MachineDescription.changes(from: old.settings.shownJSON, to: settings.shownJSON)
  }
}
