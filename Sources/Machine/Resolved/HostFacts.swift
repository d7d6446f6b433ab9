/// What resolving a machine must know of the host; found out by others, so that resolving stays pure.
package struct HostFacts: Sendable, Equatable {
  package var emulator: Emulator
  package var kvm: KVMAvailability
  /// The UEFI firmware that was found.
  package var firmware: HostFirmware
  /// The format of the VM's own UEFI variables, where it has some already.
  package var keptVariables: FlashFormat?
  /// What the files of disks are, by the path that the definition has; those that were found.
  package var images: [String: DiskImage]
  /// What the image store has of what the definition asks it for.
  package var store: StoreFacts
  /// The free ports that were chosen, by the forwards that have none.
  package var ports: [PortForward: Int]

  package init(
    emulator: Emulator, kvm: KVMAvailability, firmware: HostFirmware = HostFirmware(),
    keptVariables: FlashFormat? = nil, images: [String: DiskImage] = [:], store: StoreFacts = StoreFacts(),
    ports: [PortForward: Int] = [:]
  ) {
    self.emulator = emulator
    self.kvm = kvm
    self.firmware = firmware
    self.keptVariables = keptVariables
    self.images = images
    self.store = store
    self.ports = ports
  }

  /// A forward with the free port that was chosen for it, if one was.
  func settled(_ forward: PortForward) -> PortForward {
    ports[forward].map { forward.on(hostPort: $0) } ?? forward
  }
}

/// Whether `/dev/kvm` opens and makes a VM.
package enum KVMAvailability: Sendable, Equatable {
  case usable
  /// Why not, and what to do, such as `/dev/kvm: Permission denied; add the user to the group 'kvm'`.
  case unusable(String)
}
