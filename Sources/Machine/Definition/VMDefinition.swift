package import JSON

/// A VM as its user defined it: a name and what was written, with where it was written.
package struct VMDefinition: Sendable, Equatable {
  package let name: VMName
  package var settings: Settings
  package var origins: Origins

  package init(name: VMName, settings: Settings, origins: Origins = Origins()) {
    self.name = name
    self.settings = settings
    self.origins = origins
  }

  /// The profile that fills in what is not written.
  package var profile: String { settings.profile ?? Self.defaultProfile }

  package static let defaultProfile = "linux"

  /// The VMs of its lab that must be so far before it starts.
  package var dependencies: [Dependency] { settings.dependsOn?.dependencies ?? [] }

  /// Whether both ask for the same machine; where in a file they stand does not matter.
  package func hasSameMeaning(as other: VMDefinition) -> Bool {
    name == other.name && settings == other.settings
  }
}

extension VMDefinition {
  /// The definition as it may be told to whoever asks: secrets are left out.
  package var shownJSON: JSONObject {
    var object = json
    guard let cloudInit = settings.cloudInit, cloudInit.isWanted else { return object }
    object["cloudInit"] = .object(
      JSONObject(cloudInit.shownMembers.map { ($0.key, $0.value.isHidden ? "…" : $0.value) }))
    return object
  }

  /// Reads what came over the control socket or lies in the state folder: `name`, `lab`, and the keys of a
  /// VM.
  package init(json: JSONValue) throws(DefinitionError) {
    let log = DefinitionLog(file: nil)
    guard var reader = ObjectReader(DefinitionNode(json, log: log)) else {
      throw DefinitionError(log.problems)
    }
    let name = reader.read("name") { $0.name() }
    if !reader.has("name") { reader.missing("name", "the VM's name") }
    let lab = reader.read("lab") { $0.value.isNull ? nil : $0.name() }
    let origins = reader.read("origins") { $0.value.object.map(Origins.init(json:)) } ?? Origins()
    let settings = Settings.read(&reader, of: .virtualMachine)
    reader.finish()
    guard let name, log.problems.isEmpty else { throw DefinitionError(log.problems) }
    do throws(NameError) {
      self.init(name: try VMName(name, lab: lab), settings: settings, origins: origins)
    } catch {
      throw DefinitionError([Problem(.invalid("\(error)"), path: "name", origin: nil)])
    }
  }

  /// What `init(json:)` reads back: on the control socket and in the state folder.
  package var json: JSONObject {
    var object: JSONObject = ["name": .string(name.name)]
    object["lab"] = name.lab.map(JSONValue.init(_:))
    for (key, value) in settings.json { object[key] = value }
    let origins = origins.json
    if !origins.isEmpty { object["origins"] = .object(origins) }
    return object
  }
}
