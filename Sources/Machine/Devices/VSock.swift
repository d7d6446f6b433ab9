internal import JSON

/// Sockets between host and guest without a network: vsock(7).
///
/// Key: `vsock`. QEMU: `vhost-vsock-pci`, which needs /dev/vhost-vsock.
struct VSock: Device {
  /// What the guest is called by; one guest of the host's has it.
  let contextID: UInt32

  var id: DeviceID { DeviceID("vsock0") }
  var key: String { "vsock" }
  var properties: JSONObject { ["contextID": JSONValue(Int(contextID))] }
  var shown: [(key: String, value: String)] { [(key, "context ID \(contextID)")] }
  var hostNeeds: [HostNeed] { [.contextID(contextID)] }

  func attachment(on type: MachineType) -> Attachment { type.placeOfVirtio(PCISlot.disks) }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    let transport = context.type.family == .microvm ? "device" : "pci"
    var device = context.device("vhost-vsock-\(transport)", of: self)
    device["guest-cid"] = JSONValue(Int(contextID))
    return [.device(device)]
  }
}

/// The key `vsock` as written: `true`, or the guest's context ID.
package enum VSockSetting: Sendable, Equatable {
  case none
  /// One made of the VM's UUID.
  case chosen
  case contextID(UInt32)

  /// 0 to 2 are the hypervisor's and the host's, and the last stands for any.
  static let contextIDs = 3...Int(UInt32.max - 1)
}

extension VSockSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> VSockSetting? {
    if let isWanted = node.bool { return isWanted ? .chosen : VSockSetting.none }
    guard node.int != nil else {
      return node.wrongType(expected: "true, false or the guest's context ID")
    }
    return node.integer(in: contextIDs, "context ID").map { .contextID(UInt32($0)) }
  }

  var json: JSONValue {
    switch self {
    case .none: false
    case .chosen: true
    case .contextID(let number): JSONValue(Int(number))
    }
  }
}

extension DeviceKind {
  static let vsock = DeviceKind(keys: [SettingKey("vsock", \.vsock)]) { resolver in
    let contextID: UInt32
    switch resolver.settings.vsock ?? .none {
    case .none: return []
    case .contextID(let written): contextID = written
    case .chosen:
      var hash = FNV1a<UInt64>()
      hash.add("vsock")
      hash.add("\(resolver.uuid)")
      let ids = VSockSetting.contextIDs
      contextID = UInt32(ids.lowerBound + Int(hash.state % UInt64(ids.count)))
    }
    if resolver.type.family == .isapc {
      resolver.reportPCIMissing("vsock", "'vsock'", "leave it out")
    }
    return [VSock(contextID: contextID)]
  }
}

extension Settings {
  package var vsock: VSockSetting? {
    get { devices["vsock"] }
    set { devices["vsock"] = newValue }
  }
}
