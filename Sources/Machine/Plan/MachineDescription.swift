package import JSON

/// What a guest was started as: kept beside it for as long as it lives, whatever becomes of its definition.
package struct MachineDescription: Sendable, Equatable {
  /// Nil of a guest whose accelerator is not known.
  package let accelerator: Machine.Accelerator?
  package let cpus: Int?
  package let memory: ByteCount?
  package let serialPorts: Int
  package let hasPowerButton: Bool

  /// Every value of the machine itself that a start gives effect to, by its key.
  let settings: JSONObject

  /// Nil of a guest that a version before devices had ids has started.
  package let devices: [DeviceDescription]?

  /// As a person reads it.
  package let texts: MachineTexts
}

/// A device of a machine, with every value that a start gives effect to.
package struct DeviceDescription: Sendable, Equatable {
  package let id: DeviceID
  package let key: String
  package let label: String
  package let file: String?
  package let properties: JSONObject

  /// How it is told to a person.
  package let texts: MachineTexts

  /// What takes its backend out of a running QEMU once the guest has let go of it; nil where the guest cannot.
  package let removal: [LiveCommand]?

  package init(
    id: DeviceID, key: String, label: String, file: String?, properties: JSONObject,
    texts: MachineTexts = MachineTexts(facts: []), removal: [LiveCommand]? = nil
  ) {
    self.id = id
    self.key = key
    self.label = label
    self.file = file
    self.properties = properties
    self.texts = texts
    self.removal = removal
  }

  /// The same with other values.
  func with(_ properties: JSONObject) -> DeviceDescription {
    DeviceDescription(
      id: id, key: key, label: label, file: file, properties: properties, texts: texts,
      removal: removal)
  }
}

extension Device {
  func description(in context: DeviceContext) -> DeviceDescription {
    DeviceDescription(
      id: id, key: key, label: label, file: file, properties: properties,
      texts: MachineTexts(facts: shown),
      removal: hasPluggingPlace(in: context) ? LiveCommand.removing(backends(in: context)) : nil)
  }

  /// Whether it stands where a guest may gain and lose a device.
  func hasPluggingPlace(in context: DeviceContext) -> Bool {
    guard isPluggable(on: context.type), let address = context.addresses[id] else { return false }
    return switch address.bus {
    case .port, .scsi: true
    case .pci: context.type.family == .i440fx
    case .mmio, .ide, .sata, .usb: false
    }
  }
}

extension Machine {
  package var description: MachineDescription {
    var settings: JSONObject = [
      "qemu": .string(emulator), "machine": .string(boardText), "accelerator": .string(accelerator.rawValue),
      "cpu": .string(cpu), "cpus": JSONValue(cpus), "memory": .string("\(memory)"),
    ]
    if clock != .utc { settings["rtc"] = .string(clock.rawValue) }
    if hasOwnUUID { settings["uuid"] = .string("\(uuid)") }
    settings["smbios"] = smbios?.json
    if !extraArguments.isEmpty { settings["arguments"] = .array(extraArguments.map { .string($0) }) }
    let context = DeviceContext(type: type, addresses: addresses)
    return MachineDescription(
      accelerator: accelerator, cpus: cpus, memory: memory, serialPorts: serialPorts,
      hasPowerButton: type.hasPowerButton, settings: settings,
      devices: devices.map { $0.description(in: context) },
      texts: texts)
  }
}

// MARK: Kept with the guest

extension MachineDescription {
  /// Two objects: the texts, which are all that earlier versions kept and read, and the values, where they are known.
  package var json: (texts: JSONObject, values: JSONObject?) {
    guard let devices else { return (texts.json, nil) }
    let values: JSONObject = [
      "powerButton": .bool(hasPowerButton), "serialPorts": JSONValue(serialPorts),
      "settings": .object(settings), "devices": .array(devices.map(\.json)),
    ]
    return (texts.json, values)
  }

  /// Reads what `json` gives; without values it is that of an earlier version.
  package init(texts json: JSONValue, values: JSONValue?) throws(JSONTypeError) {
    let texts = try MachineTexts(json: json)
    guard let values else {
      self.init(earlier: texts)
      return
    }
    let object = try JSONObject(json: values)
    let settings: JSONObject = try object.required("settings")
    self.init(
      accelerator: settings["accelerator"]?.string.flatMap(Machine.Accelerator.init),
      cpus: settings["cpus"]?.int,
      memory: settings["memory"]?.string.flatMap { try? ByteCount(parsing: $0) },  // damaged: it is not known
      serialPorts: try object.required("serialPorts"), hasPowerButton: try object.required("powerButton"),
      settings: settings, devices: try object.required("devices"), texts: texts)
  }

  /// An earlier version has kept texts alone.
  private init(earlier texts: MachineTexts) {
    let ports =
      switch texts["serial"] {
      case "false": 0
      case let count?: Int(count) ?? 1
      // A console is what almost all have.
      case nil: 1
      }
    self.init(
      accelerator: texts["accelerator"].flatMap(Machine.Accelerator.init),
      cpus: texts["cpus"].flatMap { Int($0) },
      memory: texts["memory"].flatMap { try? ByteCount(parsing: $0) },  // damaged: it is not known
      serialPorts: ports, hasPowerButton: texts["powerButton"] != "false", settings: [:], devices: nil,
      texts: texts)
  }
}

extension DeviceDescription: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    id = DeviceID(try object.required("id"))
    key = try object.required("key")
    label = try object.required("label")
    file = try object.optional("file")
    properties = try object.required("properties")
    texts = try object.optional("texts") ?? MachineTexts(facts: [])
    removal = try object.optional("removal")
  }

  fileprivate var json: JSONValue {
    var object: JSONObject = ["id": .string(id.text), "key": .string(key), "label": .string(label)]
    object["file"] = file.map { .string($0) }
    object["properties"] = .object(properties)
    if !texts.facts.isEmpty { object["texts"] = .object(texts.json) }
    object["removal"] = removal.map { .array($0.compactMap(\.json)) }
    return .object(object)
  }
}
