internal import JSON

/// The key `hardware` of a profile: devices that a kind of guest is given whatever it runs.
package struct HardwareSetting: Sendable, Equatable {
  /// A device by which the guest's kernel tells that it panicked; PCs only.
  package var pvpanic: Bool?
  /// How many devices can be plugged into a running q35 machine; each takes a root port made at start.
  package var hotplugPorts: Int?

  package init() {}
}

extension HardwareSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> HardwareSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    var setting = HardwareSetting()
    setting.pvpanic = reader.read("pvpanic")
    setting.hotplugPorts = reader.read("hotplugPorts") { $0.integer(in: 0...8, "number of ports") }
    reader.finish()
    return setting
  }

  var json: JSONValue {
    var object = JSONObject()
    object["pvpanic"] = pvpanic?.json
    object["hotplugPorts"] = hotplugPorts?.json
    return .object(object)
  }

  func merged(over base: HardwareSetting) -> HardwareSetting {
    var merged = base
    merged.pvpanic = pvpanic ?? base.pvpanic
    merged.hotplugPorts = hotplugPorts ?? base.hotplugPorts
    return merged
  }
}
