package import JSON

/// One device of a machine: what it is known by, what it needs of the host, and what QEMU is told of it.
///
/// A conforming type stands in a file of its own with its key in a definition and how that is decided. The command
/// line, the files to prepare and to look for, and what a change of the definition means all come from walking the
/// machine's list of these.
package protocol Device: Sendable, Equatable {
  var id: DeviceID { get }

  /// Where it stands in the definition, such as `disks[0]`.
  var key: String { get }

  /// What it is called where it is spoken of, such as `disk 'data'`.
  var label: String { get }

  /// What place it needs; a guest names it by that.
  func attachment(on type: MachineType) -> Attachment

  // MARK: What it needs of the host

  /// The file that it shows to the guest, if it shows one.
  var file: String? { get }

  /// What must be there before the start.
  var requiredFiles: [RequiredFile] { get }

  /// What is written before the start.
  var filesToPrepare: [FileToPrepare] { get }

  /// The host's ports that QEMU opens for it.
  var hostPorts: [PortForward] { get }

  /// What else the host must have for it.
  var hostNeeds: [HostNeed] { get }

  /// The process beside QEMU that it needs.
  var helper: DeviceHelper? { get }

  // MARK: What QEMU is told

  /// Options of `-machine`.
  var machineOptions: [(name: String, value: String)] { get }

  /// What QEMU does when it fires, if it is a watchdog.
  var watchdogAction: WatchdogSetting.Action? { get }

  /// What stands behind it on the host, and other options that it needs first.
  func backends(in context: DeviceContext) -> [DeviceArgument]

  /// What the guest finds.
  func frontends(in context: DeviceContext) -> [DeviceArgument]

  // MARK: What of it changes while the guest runs

  /// Whether a running QEMU takes it and gives it up, in a machine of that type that has a place for it.
  func isPluggable(on type: MachineType) -> Bool

  /// What brings the one that runs to this one, and what takes that back; nil where only a start does.
  func adjustment(from old: [MachineChange.ValueChange], in context: DeviceContext) -> LiveAdjustment?

  // MARK: What is told of it

  /// Every value that a start gives effect to, besides its address.
  var properties: JSONObject { get }

  /// Keys and values for a person, as `status` shows them.
  var shown: [(key: String, value: String)] { get }
}

extension Device {
  package var key: String { id.text }
  package var label: String { key }
  package func attachment(on type: MachineType) -> Attachment { .byQEMU }
  package var file: String? { nil }
  package var requiredFiles: [RequiredFile] { [] }
  package var filesToPrepare: [FileToPrepare] { [] }
  package var hostPorts: [PortForward] { [] }
  package var hostNeeds: [HostNeed] { [] }
  package var helper: DeviceHelper? { nil }
  package var machineOptions: [(name: String, value: String)] { [] }
  package var watchdogAction: WatchdogSetting.Action? { nil }
  package func backends(in context: DeviceContext) -> [DeviceArgument] { [] }
  package func frontends(in context: DeviceContext) -> [DeviceArgument] { [] }
  package func isPluggable(on type: MachineType) -> Bool { false }
  package func adjustment(
    from old: [MachineChange.ValueChange], in context: DeviceContext
  ) -> LiveAdjustment? { nil }
  package var properties: JSONObject { [:] }
  package var shown: [(key: String, value: String)] { [] }

  func isEqual(to other: any Device) -> Bool { (other as? Self) == self }
}

/// One option of QEMU's for a device.
///
/// What is JSON, its monitor takes as well.
package enum DeviceArgument: Sendable {
  /// `-blockdev` and `blockdev-add`.
  case blockdev(JSONObject)
  /// `-netdev` and `netdev_add`.
  case netdev(JSONObject)
  /// `-audiodev`.
  case audiodev(JSONObject)
  /// `-object` and `object-add`.
  case object(JSONObject)
  /// `-device` and `device_add`.
  case device(JSONObject)
  /// Of the command line only, and with its commas taken as they are.
  case option(String, verbatim: String)
  case chardev(OptionText)
}

/// The devices of a machine, in the order in which QEMU is told of them.
package struct DeviceList: Sendable, Equatable, RandomAccessCollection {
  private let devices: [any Device]

  init(_ devices: [any Device]) { self.devices = devices }

  package var startIndex: Int { 0 }
  package var endIndex: Int { devices.count }
  package subscript(index: Int) -> any Device { devices[index] }

  /// Those of one type.
  package func all<Kind: Device>(_ type: Kind.Type) -> [Kind] { devices.compactMap { $0 as? Kind } }

  package static func == (left: DeviceList, right: DeviceList) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
  }
}
