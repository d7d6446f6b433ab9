package import JSON

/// One thing that differs between two machines.
package enum MachineChange: Sendable, Equatable {
  case setting(ValueChange)
  case device(DeviceChange)

  /// A key with its values; nil stands for one that only the other machine has.
  package struct ValueChange: Sendable, Equatable {
    package let key: String
    package let old: JSONValue?
    package let new: JSONValue?

    package init(key: String, old: JSONValue?, new: JSONValue?) {
      self.key = key
      self.old = old
      self.new = new
    }
  }
}

/// What becomes of a device, known by its id, between two machines.
package struct DeviceChange: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case added
    case removed
    case changed([MachineChange.ValueChange])
  }

  package let id: DeviceID
  package let label: String
  package let kind: Kind
}

extension MachineDescription {
  /// What has changed since `old`: of the machine itself, then device by device.
  package func changes(from old: MachineDescription) -> [MachineChange] {
    guard let devices, let oldDevices = old.devices else { return textChanges(from: old) }
    let changed = devices.compactMap { device -> DeviceChange? in
      guard let before = oldDevices.first(where: { $0.id == device.id }) else {
        return DeviceChange(id: device.id, label: device.label, kind: .added)
      }
      let values = Self.changes(from: before.properties, to: device.properties)
      return values.isEmpty
        ? nil : DeviceChange(id: device.id, label: device.label, kind: .changed(values))
    }
    let gone = oldDevices.filter { device in !devices.contains { $0.id == device.id } }.map {
      DeviceChange(id: $0.id, label: $0.label, kind: .removed)
    }
    return Self.changes(from: old.settings, to: settings).map(MachineChange.setting)
      + (changed + gone).map(MachineChange.device)
  }

  static func changes(from old: JSONObject, to new: JSONObject) -> [MachineChange.ValueChange] {
    let changed = new.compactMap { key, value in
      old[key] == value ? nil : MachineChange.ValueChange(key: key, old: old[key], new: value)
    }
    let gone = old.filter { new[$0.key] == nil }.map {
      MachineChange.ValueChange(key: $0.key, old: $0.value, new: nil)
    }
    return changed + gone
  }

  /// Of a guest that an earlier version has started, nothing but texts is known.
  private func textChanges(from old: MachineDescription) -> [MachineChange] {
    func object(_ texts: MachineTexts) -> JSONObject {
      JSONObject(texts.facts.map { ($0.key, .string($0.value)) })
    }
    return Self.changes(from: object(old.texts), to: object(texts)).map(MachineChange.setting)
  }
}

extension MachineChange: CustomStringConvertible {
  package var description: String {
    switch self {
    case .setting(let change): "\(change)"
    case .device(let change): "\(change)"
    }
  }
}

extension MachineChange.ValueChange: CustomStringConvertible {
  package var description: String { "\(key): \(Self.text(old)) -> \(Self.text(new))" }

  private static func text(_ value: JSONValue?) -> String {
    value.map { $0.isHidden ? "…" : $0.string ?? "\($0)" } ?? "none"
  }
}

extension DeviceChange: CustomStringConvertible {
  package var description: String {
    switch kind {
    case .added: "\(label): added"
    case .removed: "\(label): removed"
    case .changed(let values): "\(label): " + values.map(\.description).joined(separator: ", ")
    }
  }
}
