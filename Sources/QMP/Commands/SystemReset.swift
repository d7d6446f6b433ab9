/// Resets the machine at once, as its reset button would.
///
/// QEMU: `system_reset`, since 0.14.
package struct SystemReset: QMPCommand {
  package static let name = "system_reset"

  package init() {}
}
