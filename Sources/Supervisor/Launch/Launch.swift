package import Machine

/// How a VM's QEMU is started: the machine with every value decided, and the command line made from it.
package struct Launch: Sendable {
  /// The child's descriptor for the VM's lock, which lives as long as that QEMU.
  package static let lockDescriptor: Int32 = 3

  /// The child's descriptor for the monitor's listening socket.
  package static let monitorDescriptor: Int32 = 4

  package let machine: Machine
  package let program: String

  /// Without the program itself.
  package let arguments: [String]
}
