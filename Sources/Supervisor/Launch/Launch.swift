package import Machine

/// How a VM's QEMU is started: the machine with every value decided, and the command line made from it.
package struct Launch: Sendable {
  /// The child's descriptor for the VM's lock, which lives as long as that QEMU.
  package static let lockDescriptor: Int32 = 3

  /// The child's descriptors for its listening sockets: our monitor, the users' monitor.
  package static let monitorDescriptor: Int32 = 4
  package static let userMonitorDescriptor: Int32 = 5

  /// The child's descriptors for the places of those sockets: by them a QEMU is reached whose sockets' paths are gone.
  package static let monitorPlace: Int32 = 7
  package static let userMonitorPlace: Int32 = 8

  /// The child's descriptors for a serial port: its listening socket and that socket's place.
  package struct SerialPort: Sendable {
    package let descriptor: Int32
    package let place: Int32
  }

  /// As many as a machine can have, the console first.
  package static let serialPorts = [
    SerialPort(descriptor: 6, place: 9), SerialPort(descriptor: 10, place: 11),
    SerialPort(descriptor: 12, place: 13), SerialPort(descriptor: 14, place: 15),
  ]

  /// A descriptor of a process as a path.
  static func path(to descriptor: Int32, of pid: Int32) -> String { "/proc/\(pid)/fd/\(descriptor)" }

  package let machine: Machine
  package let program: String

  /// Without the program itself.
  package let arguments: [String]

  /// Written before it starts.
  let files: [FileToPrepare]

  /// The processes that its devices need, started before it.
  let helpers: [HelperDeclaration]

  /// What has to be downloaded before it can start, after which that is decided anew.
  let missingImages: [RemoteImage]

  /// What its disks use.
  let images: ImageCheck

  /// What makes its disks; nil where there is none.
  let diskTool: DiskTool?

  /// What makes its disk for cloud-init.
  let firstBootTools: FirstBootTools

  /// Disk images of the VM's own, made or grown before it starts.
  var ownImages: [OwnImage] { machine.ownImages }
}
