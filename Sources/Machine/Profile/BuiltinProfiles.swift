/// The profiles and firmware that are part of the binary: the files of `qemu-profiles/`.
package enum BuiltinProfiles {
  /// In the order in which they are shown.
  package static let names = ["hello", "linux", "linux-uefi", "microvm"]

  /// The text of a profile; nil when none of that name is built in.
  package static func named(_ name: String) -> [UInt8]? {
    switch name {
    case "hello": PackageResources.hello_json5
    case "linux": PackageResources.linux_json5
    case "linux-uefi": PackageResources.linux_uefi_json5
    case "microvm": PackageResources.microvm_json5
    default: nil
    }
  }

  package static let firmwareNames = ["hello"]

  /// The code of a firmware, which `FirmwareROM` makes a ROM of; nil when none of that name is built in.
  package static func firmware(_ name: String) -> [UInt8]? {
    name == "hello" ? PackageResources.hello_rom : nil
  }
}
