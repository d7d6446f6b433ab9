package import JSON

/// What a running QEMU is told in the course of a change.
package enum LiveCommand: Sendable, Equatable {
  case qmp(String, JSONObject)

  /// The same for what may not be there: a refusal says no more than that.
  case qmpIfThere(String, JSONObject)

  /// A line of the monitor for people, for what QMP has no command for; whether what it prints is a refusal.
  case monitor(String, printsRefusal: Bool)

  /// `device_del`, which is done once the guest has let go of the device.
  case unplug(DeviceID)
}

/// What brings a device that is there from what it was to what it is to be.
package struct LiveAdjustment: Sendable, Equatable {
  package let commands: [LiveCommand]

  /// What takes them back; nil where nothing does.
  package let undo: [LiveCommand]?

  /// Whether as many of these, the last ones, take back as many of the commands; else all do, however far they came.
  var isUndoneInReverse = true
}

extension LiveCommand {
  /// Gives a running QEMU what a start would give it by its command line; nil where its monitor cannot.
  static func adding(_ arguments: [DeviceArgument]) -> [LiveCommand]? {
    var commands: [LiveCommand] = []
    for argument in arguments {
      switch argument {
      case .blockdev(let json): commands.append(.qmp("blockdev-add", json))
      case .netdev(let json): commands.append(.qmp("netdev_add", json))
      case .object(let json): commands.append(.qmp("object-add", json))
      case .device(let json): commands.append(.qmp("device_add", json))
      case .audiodev, .chardev, .option: return nil
      }
    }
    return commands
  }

  /// Takes what stands behind a device away again, once the device has gone.
  static func removing(_ backends: [DeviceArgument]) -> [LiveCommand]? {
    var commands: [LiveCommand] = []
    for backend in backends.reversed() {
      switch backend {
      case .blockdev(let json):
        commands.append(.qmp("blockdev-del", ["node-name": json["node-name"] ?? .null]))
      case .netdev(let json): commands.append(.qmp("netdev_del", ["id": json["id"] ?? .null]))
      case .object(let json): commands.append(.qmp("object-del", ["id": json["id"] ?? .null]))
      case .audiodev, .device, .chardev, .option: return nil
      }
    }
    return commands
  }

  var ifThere: LiveCommand {
    if case .qmp(let name, let arguments) = self { .qmpIfThere(name, arguments) } else { self }
  }

  /// Sets a property of a device that is there (QEMU: qom-set).
  static func setting(_ property: String, of id: DeviceID, to value: JSONValue) -> LiveCommand {
    .qmp(
      "qom-set",
      ["path": .string("/machine/peripheral/\(id.text)"), "property": .string(property), "value": value])
  }
}

/// How the commands are kept with a guest, for a supervisor that takes it over.
extension LiveCommand: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    self = .qmp(try object.required("execute"), try object.optional("arguments") ?? [:])
  }

  /// Nil for one that is no command of QMP's.
  package var json: JSONValue? {
    guard case .qmp(let name, let arguments) = self else { return nil }
    return ["execute": .string(name), "arguments": .object(arguments)]
  }
}
