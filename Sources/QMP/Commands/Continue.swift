/// Lets the vCPUs run.
///
/// QEMU: `cont`, since 0.14. Success with a machine that runs already.
package struct Continue: QMPCommand {
  package static let name = "cont"

  package init() {}
}
