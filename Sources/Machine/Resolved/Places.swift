/// Where a VM's things lie and which descriptors its QEMU is handed: absolute paths, all the VM's own.
package struct Places: Sendable, Equatable {
  /// QEMU's descriptors of the sockets that it is handed, each listening: the private monitor's, that of the
  /// monitor for the user's own tools, and the console's.
  package var monitorDescriptor: Int32
  package var userMonitorDescriptor: Int32
  package var consoleDescriptor: Int32
  package var consoleLog: String
  /// Where a built-in firmware is written as a ROM.
  package var firmwareROM: String
  /// The VM's own copy of the UEFI variables.
  package var uefiVariables: String

  package init(
    monitorDescriptor: Int32 = 4, userMonitorDescriptor: Int32 = 5, consoleDescriptor: Int32 = 6,
    consoleLog: String, firmwareROM: String, uefiVariables: String
  ) {
    self.monitorDescriptor = monitorDescriptor
    self.userMonitorDescriptor = userMonitorDescriptor
    self.consoleDescriptor = consoleDescriptor
    self.consoleLog = consoleLog
    self.firmwareROM = firmwareROM
    self.uefiVariables = uefiVariables
  }
}
