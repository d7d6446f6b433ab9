package import JSON

/// A machine as an ordered list of keys and texts: for showing it, keeping it, and telling two machines
/// apart.
///
/// The one that a guest was started with is kept beside it; what differs from the present definition waits
/// for the next start.
package struct MachineFacts: Sendable, Equatable {
  package let facts: [(key: String, value: String)]

  package static func == (left: MachineFacts, right: MachineFacts) -> Bool {
    left.facts.elementsEqual(right.facts, by: ==)
  }

  package subscript(key: String) -> String? { facts.first { $0.key == key }?.value }

  /// What has changed since `old`, in the order of the keys; nil stands for a key that only the other has.
  package func differences(from old: MachineFacts) -> [MachineDifference] {
    let changed = facts.compactMap { fact -> MachineDifference? in
      let before = old[fact.key]
      return before == fact.value ? nil : MachineDifference(key: fact.key, old: before, new: fact.value)
    }
    let gone = old.facts.filter { self[$0.key] == nil }
    return changed + gone.map { MachineDifference(key: $0.key, old: $0.value, new: nil) }
  }
}

/// A key whose value differs between two machines.
package struct MachineDifference: Sendable, Equatable {
  package let key: String
  package let old: String?
  package let new: String?
}

extension MachineDifference: CustomStringConvertible {
  package var description: String { "\(key): \(old ?? "none") -> \(new ?? "none")" }
}

extension MachineFacts: JSONDecodable {
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
  /// Every value that a restart of the guest would give effect to.
  package var facts: MachineFacts {
    var facts: [(key: String, value: String)] = [
      ("qemu", emulator), ("machine", boardText), ("accelerator", accelerator.rawValue), ("cpu", cpu),
      ("cpus", "\(cpus)"), ("memory", "\(memory)"), ("firmware", firmwareText),
    ]
    if let kernel {
      facts.append(("kernel", kernel.file))
      if let initrd = kernel.initrd { facts.append(("initrd", initrd)) }
      if let commandLine = kernel.commandLine { facts.append(("append", commandLine)) }
    }
    for (index, disk) in disks.enumerated() { facts.append(("disks[\(index)]", disk.text)) }
    for (index, network) in networks.enumerated() {
      facts.append(("networks[\(index)]", network.text))
      if !network.ports.isEmpty {
        facts.append(("ports", network.ports.map(\.description).joined(separator: ", ")))
      }
    }
    facts += [("serial", serialPorts < 2 ? "\(serialPorts == 1)" : "\(serialPorts)"), ("rng", "\(hasRNG)")]
    // Only where they say something: a guest that an earlier version has started has no such facts.
    if clock != .utc { facts.append(("rtc", clock.rawValue)) }
    if hasOwnUUID { facts.append(("uuid", "\(uuid)")) }
    if let smbios { facts.append(("smbios", smbios.json.description)) }
    if !usbDevices.isEmpty {
      facts.append(("usb", usbDevices.map(\.rawValue).joined(separator: ", ")))
    }
    facts += [("powerButton", "\(type.hasPowerButton)")]
    facts += [("pvpanic", "\(hasPanicDevice)"), ("hotplugPorts", "\(hotplugPorts)")]
    if let watchdog {
      facts.append(("watchdog", "\(watchdog.device.rawValue), \(watchdog.action.rawValue)"))
    }
    if !extraArguments.isEmpty { facts.append(("arguments", ShellText.quote(extraArguments))) }
    return MachineFacts(facts: facts)
  }

  private var boardText: String {
    ([type.name] + type.options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(
      separator: ", ")
  }

  private var firmwareText: String {
    switch firmware {
    case .ofMachineType: "seabios"
    case .rom(let path): path
    case .builtin(let name): "builtin:\(name)"
    case .uefi(let files, _, isWritten: true): "uefi, \(files.code), \(files.variables)"
    case .uefi: "uefi"
    }
  }
}

extension Machine.Disk {
  fileprivate var text: String {
    var words = [file, format.rawValue, bus.rawValue, "cache \(cache.rawValue)"]
    if isReadOnly { words.append("read-only") }
    if discards { words.append("discard") }
    // On these a read-only disk has always been one.
    if isCD, bus == .scsi { words.append("CD") }
    if let serial { words.append("serial \(serial)") }
    return words.joined(separator: ", ")
  }
}

extension Machine.Network {
  fileprivate var text: String {
    var words = [network.rawValue]
    if model != .virtio { words.append(model.rawValue) }
    if hasOwnAddress { words.append("\(address)") }
    return words.joined(separator: ", ")
  }
}
