/// Where a VM's things lie and which descriptors its QEMU is handed: absolute paths, all the VM's own.
package struct Places: Sendable, Equatable {
  /// QEMU's descriptor of the listener of the private monitor.
  package var monitorDescriptor: Int32
  /// The monitor for the user's own tools.
  package var userMonitorSocket: String
  package var consoleSocket: String
  package var consoleLog: String
  /// Where a built-in firmware is written as a ROM.
  package var firmwareROM: String
  /// The VM's own copy of the UEFI variables.
  package var uefiVariables: String

  package init(
    monitorDescriptor: Int32 = 4, userMonitorSocket: String, consoleSocket: String, consoleLog: String,
    firmwareROM: String, uefiVariables: String
  ) {
    self.monitorDescriptor = monitorDescriptor
    self.userMonitorSocket = userMonitorSocket
    self.consoleSocket = consoleSocket
    self.consoleLog = consoleLog
    self.firmwareROM = firmwareROM
    self.uefiVariables = uefiVariables
  }
}
