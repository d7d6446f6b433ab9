/// Stops the vCPUs; the machine and its devices stay.
///
/// QEMU: `stop`, since 0.14. Success with a machine that is stopped already.
package struct Stop: QMPCommand {
  package static let name = "stop"

  package init() {}
}
