package import JSON

/// The disk from which a guest's cloud-init learns what to do at the first boot.
///
/// Key: `cloudInit`.
package struct FirstBootDisk: Device {
  package let seed: FirstBootSeed

  package var id: DeviceID { DeviceID("cloud-init") }
  package var key: String { "cloudInit" }
  package var label: String { "cloud-init" }
  package var properties: JSONObject { seed.setting.shownMembers }

  package var shown: [(key: String, value: String)] {
    let setting = seed.setting
    var words = ["user \(setting.login)"]
    if let hostname = setting.hostname { words.append("host name \(hostname)") }
    let counts = [
      ("key", setting.sshKeys?.count), ("package", setting.packages?.count), ("file", setting.files?.count),
      ("command", setting.runCommands?.count),
    ]
    for case (let what, let count?) in counts where count > 0 {
      words.append("\(count) \(what)\(count == 1 ? "" : "s")")
    }
    if setting.password != nil { words.append("a password") }
    if let timezone = setting.timezone { words.append(timezone) }
    if setting.userData != nil { words.append("user data") }
    if setting.networkConfig != nil { words.append("network configuration") }
    return [(key, words.joined(separator: ", "))]
  }

  package var requiredFiles: [RequiredFile] {
    seed.setting.namedFiles.map { RequiredFile(key: $0.key, path: $0.path, isWritten: false) }
  }

  package var filesToPrepare: [FileToPrepare] { [.firstBoot(seed)] }

  package func attachment(on type: MachineType) -> Attachment { type.placeOfVirtio(PCISlot.disks) }

  package func backends(in context: DeviceContext) -> [DeviceArgument] {
    [
      .blockdev([
        "driver": "raw", "node-name": .string(id.text), "read-only": true,
        "file": [
          "driver": "file", "node-name": .string(id.text + "-file"), "filename": .string(seed.places.disk),
        ],
      ])
    ]
  }

  package func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = context.virtio("blk", of: self)
    device["drive"] = .string(id.text)
    return [.device(device)]
  }
}

extension DeviceKind {
  static let firstBoot = DeviceKind(keys: [
    SettingKey("cloudInit", \.cloudInit, anchoring: { $0.anchored(in: $1) })
  ]) { resolver in
    guard let setting = resolver.settings.cloudInit, setting.isWanted else { return [] }
    if !resolver.type.family.hasPCI, resolver.type.family != .microvm {
      resolver.reportPCIMissing("cloudInit", "the disk for cloud-init", "write cloudInit: false")
    }
    let seed = FirstBootSeed(
      setting: setting, standardHostname: resolver.name.hostname,
      hasSSH: resolver.settings.sshForward != nil, places: resolver.paths.firstBoot)
    return [FirstBootDisk(seed: seed)]
  }
}

extension VMName {
  /// The name as one of a host: RFC 1123.
  fileprivate var hostname: String {
    let text = String(name.map { $0.isASCIILetterOrDigit ? $0 : "-" })
    let trimmed = text.drop { $0 == "-" }
    let end = trimmed.lastIndex { $0 != "-" }
    return end.map { String(trimmed[...$0]) } ?? "guest"
  }
}

extension Settings {
  package var cloudInit: CloudInitSetting? {
    get { devices["cloudInit"] }
    set { devices["cloudInit"] = newValue }
  }
}
