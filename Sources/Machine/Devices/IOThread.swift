internal import JSON

/// A thread of QEMU's that serves disks, so that a slow one holds up nothing else.
///
/// Key: `iothreads`. The disks on `virtio` have one after the other, in turn; those on `scsi` share the first.
struct IOThread: Device {
  let number: Int

  var id: DeviceID { DeviceID(Self.name(number)) }
  var key: String { "iothreads" }
  var label: String { "I/O thread \(number)" }
  let properties: JSONObject = [:]

  static func name(_ number: Int) -> String { "iothread\(number)" }

  func backends(in context: DeviceContext) -> [DeviceArgument] {
    [.object(["qom-type": "iothread", "id": .string(id.text)])]
  }
}

extension DeviceKind {
  static let iothreads = DeviceKind(keys: [
    SettingKey("iothreads", \.iothreads) { $0.integer(in: 0...16, "number of I/O threads") }
  ]) { resolver in
    (0..<(resolver.settings.iothreads ?? 0)).map { IOThread(number: $0) }
  }
}

extension Settings {
  /// How many threads serve disks besides QEMU's own.
  package var iothreads: Int? {
    get { devices["iothreads"] }
    set { devices["iothreads"] = newValue }
  }
}
