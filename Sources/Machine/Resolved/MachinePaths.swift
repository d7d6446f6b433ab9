/// Where a VM's things lie and which descriptors its QEMU is handed: absolute paths, all the VM's own.
package struct MachinePaths: Sendable, Equatable {
  /// One serial port: QEMU's descriptor of the socket that it is handed, and its log.
  package struct SerialPort: Sendable, Equatable {
    package let descriptor: Int32
    package let log: String

    package init(descriptor: Int32, log: String) {
      self.descriptor = descriptor
      self.log = log
    }
  }

  /// QEMU's descriptors of the sockets that it is handed, each listening: the private monitor's, and that of the monitor
  /// for the user's own tools.
  package var monitorDescriptor: Int32
  package var userMonitorDescriptor: Int32
  /// As many as a machine can have, the console first.
  package var serialPorts: [SerialPort]
  /// Where a built-in firmware is written as a ROM.
  package var firmwareROM: String
  /// The folder of the texts that its firmware's configuration device has.
  package var firmwareConfig: String
  /// Where QEMU's VNC server listens.
  package var vncSocket: String
  /// The VM's own copy of the UEFI variables, as raw bytes; another format has an ending of its own.
  package var uefiVariables: String
  /// The folder of what a TPM keeps.
  package var tpmState: String
  /// The folder in which each of the VM's helpers has one.
  package var helpers: String
  package var disks: DiskFolders
  package var firstBoot: FirstBootPlaces

  /// Those of its lab's networks; nil outside labs.
  package var networks: NetworkPaths?

  package init(
    monitorDescriptor: Int32 = 4, userMonitorDescriptor: Int32 = 5, serialPorts: [SerialPort],
    firmwareROM: String, firmwareConfig: String, vncSocket: String, uefiVariables: String,
    tpmState: String, helpers: String, disks: DiskFolders, firstBoot: FirstBootPlaces,
    networks: NetworkPaths? = nil
  ) {
    self.monitorDescriptor = monitorDescriptor
    self.userMonitorDescriptor = userMonitorDescriptor
    self.serialPorts = serialPorts
    self.firmwareROM = firmwareROM
    self.firmwareConfig = firmwareConfig
    self.vncSocket = vncSocket
    self.uefiVariables = uefiVariables
    self.tpmState = tpmState
    self.helpers = helpers
    self.disks = disks
    self.firstBoot = firstBoot
    self.networks = networks
  }

  /// The folder of a helper of the VM, by its name.
  package func helper(_ name: String) -> String { helpers + "/" + name }

  /// The VM's own copy of the UEFI variables in a format.
  ///
  /// Those with the keys of Secure Boot lie beside those without: neither may stand for the other.
  package func uefiVariables(_ format: FlashFormat, isSecure: Bool) -> String {
    let file = isSecure ? uefiVariables + ".secure" : uefiVariables
    return switch format {
    case .raw: file
    case .qcow2: file + ".qcow2"
    }
  }
}
