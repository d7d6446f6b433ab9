package import QMP

/// This program's version: in the greeting of the control socket, and in what `version` prints.
package let qemuvmVersion = QMPVersion(0, 1, 0, package: "qemuvm")
