/// Presses the power button, which the guest may ignore.
///
/// QEMU: `system_powerdown`, since 0.14. The reply says only that the button was pressed.
package struct SystemPowerdown: QMPCommand {
  package static let name = "system_powerdown"

  package init() {}
}
