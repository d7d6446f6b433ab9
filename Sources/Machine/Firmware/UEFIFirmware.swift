/// How the bytes of a flash image are laid out.
package enum FlashFormat: String, Sendable {
  case raw
  case qcow2

  /// What a file's name says of its format.
  package init(fileName: String) { self = fileName.lowercased().hasSuffix(".qcow2") ? .qcow2 : .raw }
}

/// A build of OVMF: the code, and the empty variables that each VM gets a copy of.
package struct UEFIFirmware: Sendable, Equatable {
  package let code: String
  package let variables: String
  package let codeFormat: FlashFormat
  package let variablesFormat: FlashFormat

  package init(
    code: String, variables: String, codeFormat: FlashFormat = .raw, variablesFormat: FlashFormat = .raw
  ) {
    self.code = code
    self.variables = variables
    self.codeFormat = codeFormat
    self.variablesFormat = variablesFormat
  }

  /// Where distributions without descriptors put it, in the order in which it is looked for: Debian and Ubuntu, Fedora,
  /// Arch.
  package static let candidates = [
    UEFIFirmware(code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/ovmf/OVMF_CODE_4M.fd", variables: "/usr/share/edk2/ovmf/OVMF_VARS_4M.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/x64/OVMF_CODE.4m.fd", variables: "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    UEFIFirmware(code: "/usr/share/OVMF/OVMF_CODE.fd", variables: "/usr/share/OVMF/OVMF_VARS.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/ovmf/OVMF_CODE.fd", variables: "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
  ]
}

extension UEFIFirmware {
  /// The same with Secure Boot and its keys.
  package static let secureCandidates = [
    UEFIFirmware(code: "/usr/share/OVMF/OVMF_CODE_4M.ms.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/ovmf/OVMF_CODE_4M.secboot.fd",
      variables: "/usr/share/edk2/ovmf/OVMF_VARS_4M.secboot.fd"),
    UEFIFirmware(
      code: "/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd",
      variables: "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd"),
  ]
}

/// The UEFI firmware of a host: what its descriptors name, and what lies in a customary place.
///
/// Only of what is there.
package struct HostFirmware: Sendable, Equatable {
  /// The nearest first: the order in which one is chosen.
  package var descriptors: [FirmwareDescriptor]
  /// For PCs; nil when none is there.
  package var customary: UEFIFirmware?
  /// The same with Secure Boot and its keys.
  package var customarySecure: UEFIFirmware?
  /// The folders in which descriptors were looked for, for messages.
  package var folders: [String]

  package init(
    descriptors: [FirmwareDescriptor] = [], customary: UEFIFirmware? = nil,
    customarySecure: UEFIFirmware? = nil, folders: [String] = []
  ) {
    self.customarySecure = customarySecure
    self.descriptors = descriptors
    self.customary = customary
    self.folders = folders
  }

  /// Plain UEFI for a machine type, by its versioned name.
  package func plainUEFI(architecture: String, machine: String) -> UEFIFirmware? {
    let described = descriptors.first { $0.isPlainUEFI(architecture: architecture, machine: machine) }
    return described?.image ?? (architecture == "x86_64" ? customary : nil)
  }

  /// UEFI with Secure Boot for a machine type, by its versioned name.
  package func secureUEFI(architecture: String, machine: String) -> UEFIFirmware? {
    let described = descriptors.first { $0.isSecureUEFI(architecture: architecture, machine: machine) }
    return described?.image ?? (architecture == "x86_64" ? customarySecure : nil)
  }
}
