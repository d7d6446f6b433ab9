/// What a file that was named as a ROM turns out to be, by its first bytes.
package enum FirmwareImage: Sendable, Equatable {
  /// The code of a UEFI firmware without its variables, which runs from flash only.
  case uefiCode
  /// The variables of a UEFI firmware without its code.
  case uefiVariables
  /// A disk image's format around it.
  case qcow2

  /// How much of a file tells.
  package static let headSize = 64

  /// Nil for what may be a ROM.
  ///
  /// Corresponds to EFI_FIRMWARE_VOLUME_HEADER of the UEFI Platform Initialization specification: `_FVH` at byte 40, what
  /// the volume holds at byte 16. A whole OVMF.fd begins with its variables and is a ROM.
  package init?(head: [UInt8], size: Int64) {
    if head.starts(with: [0x51, 0x46, 0x49, 0xFB]) {
      self = .qcow2
      return
    }
    guard head.count >= 44, head[40..<44].elementsEqual("_FVH".utf8) else { return nil }
    guard head[16..<32].elementsEqual(Self.variableStore) else {
      self = .uefiCode
      return
    }
    // The largest store of variables is far smaller than the smallest code.
    guard size < 1 << 20 else { return nil }
    self = .uefiVariables
  }

  /// EFI_SYSTEM_NV_DATA_FV_GUID, FFF12B8D-7696-4C8B-A985-2747075B4F50.
  private static let variableStore: [UInt8] = [
    0x8D, 0x2B, 0xF1, 0xFF, 0x96, 0x76, 0x8B, 0x4C, 0xA9, 0x85, 0x27, 0x47, 0x07, 0x5B, 0x4F, 0x50,
  ]

  /// Why it cannot be the ROM, and what to write instead.
  package func refusal(of file: String) -> String {
    switch self {
    case .uefiCode:
      """
      \(file) is the code of a UEFI firmware, which runs with its variables beside it and not as a ROM
        Write firmware: "uefi", or firmware: { code: "\(file)", variables: "FILE" } with the empty variables of the same build.
      """
    case .uefiVariables:
      """
      \(file) holds the variables of a UEFI firmware and no code
        Write firmware: "uefi", or firmware: { code: "FILE", variables: "\(file)" } with the code of the same build.
      """
    case .qcow2:
      """
      \(file) is a qcow2 image, and a ROM is the plain bytes
        If it is UEFI firmware, write firmware: "uefi", or firmware: { code: "\(file)", variables: "FILE" }.
      """
    }
  }
}
