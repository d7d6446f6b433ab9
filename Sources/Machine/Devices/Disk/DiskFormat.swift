extension DiskSetting {
  /// How the bytes of an image are laid out.
  ///
  /// QEMU is told, never left to guess: a guest could write another format's header into a raw image and so
  /// read any file of the host.
  package enum Format: String, Sendable, CaseIterable {
    case qcow2
    case raw
    case vmdk
    case vdi
    case vhdx
    case vpc

    /// What a file's name says of its format.
    init?(fileName: String) {
      switch fileName.split(separator: ".", omittingEmptySubsequences: false).last?.lowercased() {
      case "qcow2": self = .qcow2
      case "raw", "img", "iso": self = .raw
      case "vmdk": self = .vmdk
      case "vdi": self = .vdi
      case "vhdx": self = .vhdx
      case "vpc", "vhd": self = .vpc
      default: return nil
      }
    }
  }
}

/// The format that an image's own bytes show, by the magic numbers of the formats' specifications.
///
/// It is compared with the format that is taken and never taken itself: what a guest wrote into a raw disk decides
/// nothing.
package enum ImageMagic: String, Sendable, CaseIterable {
  case qcow2
  case vmdk
  case vdi
  case vhdx
  case vpc
  /// These are known so that their bytes are not taken for a raw disk's; qemuvm attaches none of them.
  case qcow
  case qed
  case parallels

  /// How many bytes of the beginning and of the end are looked at.
  package static let headLength = 512
  package static let tailLength = 512

  /// Nil when the bytes are of no format that is known here: such as a raw disk's.
  package init?(head: some Collection<UInt8>, tail: some Collection<UInt8>) {
    let head = Array(head)
    if head.starts(with: "QFI".utf8 + [0xFB]) {
      self = head.count > 7 && head[7] == 1 ? .qcow : .qcow2
    } else if head.starts(with: "KDMV".utf8) || head.starts(with: "COWD".utf8)
      || head.starts(with: "# Disk DescriptorFile".utf8)
    {
      self = .vmdk
    } else if head.count >= 0x44, head[0x40..<0x44].elementsEqual([0x7F, 0x10, 0xDA, 0xBE]) {
      self = .vdi
    } else if head.starts(with: "vhdxfile".utf8) {
      self = .vhdx
    } else if head.starts(with: "conectix".utf8) || tail.starts(with: "conectix".utf8) {
      // One of a fixed size has its mark at the end alone.
      self = .vpc
    } else if head.starts(with: "QED\0".utf8) {
      self = .qed
    } else if head.starts(with: "WithoutFreeSpace".utf8) || head.starts(with: "WithouFreSpacExt".utf8) {
      self = .parallels
    } else {
      return nil
    }
  }

  /// The format to write for such an image; nil for one that qemuvm does not attach.
  package var format: DiskSetting.Format? { DiskSetting.Format(rawValue: rawValue) }
}
