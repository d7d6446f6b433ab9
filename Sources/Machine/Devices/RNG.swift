internal import JSON

/// Random numbers for the guest from QEMU itself, which takes them from the host's kernel.
///
/// Key: `rng`.
struct RNG: Device {
  var id: DeviceID { DeviceID("rng0") }
  var key: String { "rng" }
  let properties: JSONObject = ["rng": true]

  func attachment(on type: MachineType) -> Attachment {
    switch type.family {
    case .i440fx, .q35: .slot(PCISlot.rng)
    case .microvm: .any(.mmio, 0..<type.virtioTransports)
    case .isapc, .other: .byQEMU
    }
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] { [.device(context.virtio("rng", of: self))] }
}

extension DeviceKind {
  static let rng = DeviceKind(keys: [SettingKey("rng", \.rng)]) { resolver in
    guard resolver.settings.rng == true else { return [] }
    if resolver.type.family == .isapc { resolver.reportPCIMissing("rng", "'rng'", "write rng: false") }
    return [RNG()]
  }
}

extension Settings {
  package var rng: Bool? {
    get { devices["rng"] }
    set { devices["rng"] = newValue }
  }
}
