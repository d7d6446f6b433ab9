/// What resolving a machine must know of the host; found out by others, so that resolving stays pure.
package struct HostFacts: Sendable, Equatable {
  package var emulator: Emulator
  package var kvm: KVMAvailability
  /// The UEFI firmware that was found; nil when there is none.
  package var uefi: UEFIFirmware?
  /// What the files of disks are, by the path that the definition has; those that were found.
  package var images: [String: DiskImage]

  package init(
    emulator: Emulator, kvm: KVMAvailability, uefi: UEFIFirmware? = nil, images: [String: DiskImage] = [:]
  ) {
    self.emulator = emulator
    self.kvm = kvm
    self.uefi = uefi
    self.images = images
  }
}

/// Whether `/dev/kvm` opens and makes a VM.
package enum KVMAvailability: Sendable, Equatable {
  case usable
  /// Why not, and what to do, such as `/dev/kvm: Permission denied; add the user to the group 'kvm'`.
  case unusable(String)
}

/// A build of OVMF for PCs with 4 MiB of flash: the code, and the empty variables that each VM gets a copy
/// of.
package struct UEFIFirmware: Sendable, Equatable {
  package let code: String
  package let variables: String

  package init(code: String, variables: String) {
    self.code = code
    self.variables = variables
  }

  /// Where distributions put it, in the order in which it is looked for: Debian and Ubuntu, Fedora, Arch.
  package static let candidates = [
    UEFIFirmware(code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/ovmf/OVMF_CODE_4M.fd", variables: "/usr/share/edk2/ovmf/OVMF_VARS_4M.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/x64/OVMF_CODE.4m.fd", variables: "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
  ]
}
