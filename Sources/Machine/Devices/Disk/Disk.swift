package import JSON

/// A disk or CD drive of the guest's, and the image behind it.
package struct Disk: Device {
  package let name: String
  package let key: String

  /// Where the definition says what it is, such as `disks[0].file`.
  let sourceKey: String
  /// When the firmware looks whether it can be booted from, from 1.
  let turn: Int
  let setting: DiskSetting
  /// What QEMU opens.
  package let image: String
  package let format: DiskSetting.Format
  /// Whether that was found.
  let isThere: Bool
  package let isBlockDevice: Bool
  /// What is made, or grown, before the start; nil for a file of the user's, and for what is only read.
  package let own: OwnImage?
  package let bus: DiskSetting.Bus
  /// Whether the guest finds a CD drive with the image in it.
  package let isCD: Bool
  package let isReadOnly: Bool
  package let cache: DiskSetting.Cache
  package let discards: Bool
  package let serial: String?
  /// How QEMU waits for the host; nil for its own choice, a pool of threads.
  let aio: DiskSetting.AIO?
  /// The thread that serves it; nil for QEMU's own.
  var iothread: String?

  package var id: DeviceID { .disk(name) }
  package var label: String { "disk '\(name)'" }
  package var file: String? { image }

  package var requiredFiles: [RequiredFile] {
    // One of its own that is there needs no more than itself: that it can be used was found out already.
    if let own, !isThere || own.isThrownAway {
      return own.content.base.map {
        [RequiredFile(key: sourceKey, path: $0.path, isWritten: false, kind: .image)]
      } ?? []
    }
    let kind: RequiredFile.Kind = if case .image = setting.source { .image } else { .disk }
    return [RequiredFile(key: sourceKey, path: image, isWritten: !isReadOnly, kind: kind)]
  }

  package var filesToPrepare: [FileToPrepare] { own.map { [.image($0)] } ?? [] }

  package var properties: JSONObject {
    var properties: JSONObject = [
      "file": .string(image), "format": .string(format.rawValue), "bus": .string(bus.rawValue),
      "cache": .string(cache.rawValue), "bootOrder": JSONValue(turn),
    ]
    if case .image(let reference) = setting.source { properties["image"] = reference.json }
    properties["size"] = setting.size?.json
    if !setting.isPersistent { properties["persistent"] = false }
    if isReadOnly { properties["readOnly"] = true }
    if discards { properties["discard"] = true }
    if isCD { properties["cdrom"] = true }
    if isBlockDevice { properties["blockDevice"] = true }
    properties["serial"] = serial.map { .string($0) }
    properties["aio"] = aio.map { .string($0.rawValue) }
    properties["iothread"] = iothread.map { .string($0) }
    return properties
  }

  package var shown: [(key: String, value: String)] {
    var words = [image, format.rawValue, bus.rawValue, "cache \(cache.rawValue)"]
    if case .image(let reference) = setting.source {
      words.insert("\(setting.clone == true ? "copied from" : "on") \(reference.text)", at: 1)
    }
    if let size = setting.size { words.append("\(size)") }
    if !setting.isPersistent { words.append("thrown away") }
    if isReadOnly { words.append("read-only") }
    if discards { words.append("discard") }
    // On these a read-only disk has always been one.
    if isCD, bus == .scsi { words.append("CD") }
    if let serial { words.append("serial \(serial)") }
    return [(key, words.joined(separator: ", "))]
  }

  package func attachment(on type: MachineType) -> Attachment {
    switch bus {
    case .virtio: type.placeOfVirtio(PCISlot.disks)
    case .nvme: type.placeOnPCI(PCISlot.disks)
    case .scsi: .any(.scsi, 0..<256)
    case .ide: .any(.ide, 0..<(type.family == .q35 ? 6 : 4))
    case .sata: .any(type.family == .q35 ? .ide : .sata, 0..<6)
    }
  }

  package func backends(in context: DeviceContext) -> [DeviceArgument] {
    [.blockdev(node(image, format.rawValue, isBlockDevice: isBlockDevice))]
  }

  /// An image as QEMU opens it; the file below inherits what the format says of caching.
  func node(_ image: String, _ format: String, isBlockDevice: Bool) -> JSONObject {
    var node: JSONObject = ["driver": .string(format), "node-name": .string(id.text)]
    if isReadOnly { node["read-only"] = true }
    if discards { node["discard"] = "unmap" }
    node["cache"] = ["direct": .bool(cache.isDirect), "no-flush": .bool(cache.ignoresFlushes)]
    var file: JSONObject = [
      "driver": isBlockDevice ? "host_device" : "file", "node-name": .string(id.fileNode),
      "filename": .string(image),
    ]
    file["aio"] = aio.map { .string($0.rawValue) }
    node["file"] = .object(file)
    return node
  }

  package func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = drive(in: context)
    if bus != .nvme { device["serial"] = serial.map { .string($0) } }
    device["drive"] = .string(id.text)
    device["bootindex"] = JSONValue(turn)
    if bus != .nvme {
      // An error of the host's, a full disk above all, pauses the guest instead of reaching it.
      device["werror"] = "stop"
      device["rerror"] = "stop"
      device["write-cache"] = cache.hasWriteCache ? "on" : "off"
    }
    return [.device(device)]
  }

  /// One that must have a serial number tells its name, as far as 20 bytes have room for it.
  private var ownSerial: String {
    guard name.utf8.count > 20 else { return name }
    var hash = FNV1a<UInt128>()
    hash.add(name)
    return hash.text
  }

  /// The device on its bus.
  private func drive(in context: DeviceContext) -> JSONObject {
    let number = context.addresses[id]?.number ?? 0
    switch bus {
    case .virtio:
      var device = context.virtio("blk", of: self)
      device["iothread"] = iothread.map { .string($0) }
      return device
    case .nvme:
      var device = context.device("nvme", of: self)
      device["serial"] = .string(serial ?? context.addresses.entry(id)?.serial ?? ownSerial)
      return device
    case .scsi:
      return [
        "driver": isCD ? "scsi-cd" : "scsi-hd", "id": .string(id.text), "bus": "scsi0.0",
        "scsi-id": JSONValue(number),
      ]
    case .ide, .sata:
      var device: JSONObject = ["driver": isCD ? "ide-cd" : "ide-hd", "id": .string(id.text)]
      switch context.type.family {
      // AHCI: a port for each.
      case .q35: device["bus"] = .string("ide.\(number)")
      case _ where bus == .sata: device["bus"] = .string("\(SATAController.id).\(number)")
      default:
        device["bus"] = .string("ide.\(number / 2)")
        device["unit"] = JSONValue(number % 2)
      }
      return device
    }
  }
}

/// What the names of cache modes stand for (QEMU: the table at `cache=` in qemu-system(1)).
extension DiskSetting.Cache {
  fileprivate var isDirect: Bool { self == .none || self == .directsync }
  fileprivate var ignoresFlushes: Bool { self == .unsafe }
  fileprivate var hasWriteCache: Bool { self != .writethrough && self != .directsync }
}

/// The controller of the disks on `scsi`.
struct SCSIController: Device {
  static let id = DeviceID("scsi0")
  var id: DeviceID { Self.id }
  var label: String { "SCSI controller" }
  /// The thread that serves it; nil for QEMU's own.
  let iothread: String?
  var properties: JSONObject { iothread.map { ["iothread": .string($0)] } ?? [:] }

  func attachment(on type: MachineType) -> Attachment {
    type.family.isPC ? .slot(PCISlot.scsiController) : .byQEMU
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    var device = context.device("virtio-scsi-pci", of: self)
    device["iothread"] = iothread.map { .string($0) }
    return [.device(device)]
  }
}

/// The controller of the disks on `sata`, on a machine that has none of its own.
struct SATAController: Device {
  static let id = DeviceID("sata0")
  var id: DeviceID { Self.id }
  var label: String { "SATA controller" }
  let properties: JSONObject = [:]

  func attachment(on type: MachineType) -> Attachment { type.placeOnPCI(PCISlot.disks) }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    [.device(context.device("ich9-ahci", of: self))]
  }
}

extension DeviceKind {
  static let disks = DeviceKind(keys: [
    SettingKey("image", \.image, anchoring: { $0.anchored(in: $1) }),
    SettingKey("imageSize", \.imageSize, reading: DiskSetting.size),
    SettingKey("disks", \.disks, anchoring: { disks, folder in disks.map { $0.anchored(in: folder) } }),
  ]) { resolver in
    var disks = resolver.disks()
    let threads = resolver.settings.iothreads ?? 0
    if threads > 0 {
      for (turn, index) in disks.indices.filter({ disks[$0].bus == .virtio }).enumerated() {
        disks[index].iothread = IOThread.name(turn % threads)
      }
    }
    var controllers: [any Device] = []
    if disks.contains(where: { $0.bus == .scsi }) {
      controllers.append(SCSIController(iothread: threads > 0 ? IOThread.name(0) : nil))
    }
    if resolver.type.family != .q35, disks.contains(where: { $0.bus == .sata }) {
      controllers.append(SATAController())
    }
    return controllers + disks
  }
}

extension Settings {
  /// What the disk that the VM boots from stands on.
  package var image: ImageReference? {
    get { devices["image"] }
    set { devices["image"] = newValue }
  }

  package var imageSize: ByteCount? {
    get { devices["imageSize"] }
    set { devices["imageSize"] = newValue }
  }

  package var disks: [DiskSetting]? {
    get { devices["disks"] }
    set { devices["disks"] = newValue }
  }
}
