package import JSON

/// A machine as an ordered list of keys and texts, as `status` shows it to a person.
package struct MachineTexts: Sendable, Equatable {
  package let facts: [(key: String, value: String)]

  package static func == (left: MachineTexts, right: MachineTexts) -> Bool {
    left.facts.elementsEqual(right.facts, by: ==)
  }

  package subscript(key: String) -> String? { facts.first { $0.key == key }?.value }
}

extension MachineTexts: JSONDecodable {
  package init(json: JSONValue) throws(JSONTypeError) {
    var facts: [(key: String, value: String)] = []
    for (key, _) in try JSONObject(json: json) {
      facts.append((key, try JSONObject(json: json).required(key)))
    }
    self.facts = facts
  }

  package var json: JSONObject { JSONObject(facts.map { ($0.key, .string($0.value)) }) }
}

extension Machine {
  var texts: MachineTexts {
    var facts: [(key: String, value: String)] = [
      ("qemu", emulator), ("machine", boardText), ("accelerator", accelerator.rawValue), ("cpu", cpu),
      ("cpus", "\(cpus)"), ("memory", "\(memory)"),
    ]
    facts += devices.flatMap(\.shown)
    facts += [
      ("serial", serialPorts < 2 ? "\(serialPorts == 1)" : "\(serialPorts)"),
      ("rng", "\(!devices.all(RNG.self).isEmpty)"),
    ]
    if clock != .utc { facts.append(("rtc", clock.rawValue)) }
    if hasOwnUUID { facts.append(("uuid", "\(uuid)")) }
    if let smbios { facts.append(("smbios", smbios.json.description)) }
    let usb = devices.all(USBDevice.self)
    if !usb.isEmpty { facts.append(("usb", usb.map(\.setting.rawValue).joined(separator: ", "))) }
    facts += [
      ("powerButton", "\(type.hasPowerButton)"), ("pvpanic", "\(!devices.all(PanicDevice.self).isEmpty)"),
      ("hotplugPorts", "\(devices.all(RootPorts.self).first?.spare ?? 0)"),
    ]
    if !extraArguments.isEmpty { facts.append(("arguments", ShellText.quote(extraArguments))) }
    return MachineTexts(facts: facts)
  }

  var boardText: String {
    ([type.name] + type.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(
      separator: ", ")
  }
}
