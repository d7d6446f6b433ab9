/// Ends QEMU at once, without asking the guest.
///
/// QEMU: `quit`, since 0.14. The connection ends after the reply, or instead of it.
package struct Quit: QMPCommand {
  package static let name = "quit"

  package init() {}
}
