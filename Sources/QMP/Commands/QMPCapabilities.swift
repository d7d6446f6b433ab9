internal import JSON

/// Ends the negotiation: QEMU takes other commands from here on.
///
/// QEMU: `qmp_capabilities`, since 0.13. No capability is enabled.
package struct QMPCapabilities: QMPCommand {
  package static let name = "qmp_capabilities"

  package init() {}
}
