package import JSON

/// What a definition or a profile says of a machine: each key only if it was written.
///
/// The keys, their JSON and their merging are declared once, in `SettingKey.all` or with their device.
package struct Settings: Sendable, Equatable {
  package var profile: String?
  package var qemu: String?
  package var machine: MachineSetting?
  package var accelerator: AcceleratorSetting?
  package var cpu: String?
  package var cpus: Int?
  package var memory: ByteCount?
  package var memoryPerCPU: ByteCount?
  package var rtc: ClockSetting?
  /// Of the VM's own definition only.
  package var uuid: UUID?
  package var smbios: SMBIOSSetting?
  package var panic: PanicSetting?
  package var health: HealthSetting?
  package var onHang: HangSetting?
  /// Of the VM's own definition only, as `uuid` is.
  package var dependsOn: DependencySetting?
  package var restart: RestartSetting?
  package var stopTimeout: Duration?
  package var logs: LogSetting?
  package var arguments: ExtraArguments?
  /// Of the kinds of devices, each of which has a property for its keys.
  var devices = DeviceSettings()
  /// Profiles only.
  package var hardware: HardwareSetting?

  package init() {}
}

/// The key `accelerator`: what runs the guest's instructions.
package enum AcceleratorSetting: String, Sendable, CaseIterable {
  /// KVM where it works, else TCG.
  case auto
  case kvm
  case tcg
}

extension Settings {
  /// These settings where `base`, the profile below them, says something else.
  ///
  /// A key that is written replaces the profile's whole; lists are not appended to. `machine`, `restart`, `logs`
  /// and a profile's `hardware` are merged member by member when they are written as objects. `memory` and
  /// `memoryPerCPU` are two ways to say one thing: either takes the place of both. So are `cpus` and `topology`.
  package func merged(over base: Settings) -> Settings {
    var merged = base
    if memory != nil || memoryPerCPU != nil {
      merged.memory = nil
      merged.memoryPerCPU = nil
    }
    if cpus != nil || topology != nil {
      merged.cpus = nil
      merged.topology = nil
    }
    for key in SettingKey.all { key.merge(self, &merged) }
    return merged
  }

  /// The settings with every relative path made absolute.
  ///
  /// - Parameter directory: the folder of the file they were written in, an absolute path.
  /// - Returns: the same settings, with the same meaning from any folder.
  package func anchored(in directory: String) -> Settings {
    var settings = self
    for key in SettingKey.all { key.anchor(&settings, directory) }
    return settings
  }
}

extension Settings {
  /// Reads settings alone, as `update` and the state folder have them.
  package init(json: JSONValue) throws(DefinitionError) {
    let log = DefinitionLog(file: nil)
    let settings = Settings.read(DefinitionNode(json, log: log), of: .virtualMachine)
    guard let settings, log.problems.isEmpty else { throw DefinitionError(log.problems) }
    self = settings
  }

  package var json: JSONObject {
    var object = JSONObject()
    for key in SettingKey.all { object[key.name] = key.write(self) }
    return object
  }

  /// The same as it may be told: no secret is in it, and the members of `cloudInit` are keys of their own.
  package var shownJSON: JSONObject {
    var object = json
    guard let cloudInit, cloudInit.isWanted else { return object }
    object["cloudInit"] = true
    for (key, value) in cloudInit.shownMembers { object["cloudInit.\(key)"] = value }
    return object
  }

  /// The paths that take the place of a profile's: keys, and members of those that are written as objects.
  var writtenPaths: Set<String> {
    Set(json.flatMap { key, value in value.object.map { $0.keys.map { "\(key).\($0)" } } ?? [key] })
  }

  /// Reads all keys of an object that has no others.
  static func read(_ node: DefinitionNode, of kind: SettingKey.Kind) -> Settings? {
    guard var reader = ObjectReader(node) else { return nil }
    let settings = read(&reader, of: kind)
    reader.finish()
    return settings
  }

  /// Reads the keys of settings out of an object that may have others.
  static func read(_ reader: inout ObjectReader, of kind: SettingKey.Kind) -> Settings {
    var settings = Settings()
    for key in SettingKey.all {
      if let reason = key.refusal(in: kind) {
        reader.refuse(key.name, because: reason)
      } else {
        key.read(&reader, &settings)
      }
    }
    if settings.memory != nil, settings.memoryPerCPU != nil {
      reader.report("memoryPerCPU", "'memory' is written as well; write only one of the two")
    }
    return settings
  }
}

extension String {
  /// The path as seen from a folder; an absolute one stays as it is.
  func anchored(in directory: String) -> String {
    if hasPrefix("/") { return self }
    let relative = hasPrefix("./") ? String(dropFirst(2)) : self
    return directory.hasSuffix("/") ? directory + relative : directory + "/" + relative
  }
}
