/// The profiles and firmware that are part of the binary: the files of `qemu-profiles/`.
package enum BuiltinProfiles {
  /// In the order in which they are shown.
  package static let names = [
    "alpine", "debian-12", "debian-13", "fedora", "freebsd", "hello", "iso", "linux", "linux-uefi", "microvm",
    "ubuntu-24.04", "windows",
  ]

  /// The text of a profile; nil when none of that name is built in.
  package static func named(_ name: String) -> [UInt8]? {
    switch name {
    case "alpine": PackageResources.alpine_json5
    case "debian-12": PackageResources.debian_12_json5
    case "debian-13": PackageResources.debian_13_json5
    case "fedora": PackageResources.fedora_json5
    case "freebsd": PackageResources.freebsd_json5
    case "hello": PackageResources.hello_json5
    case "iso": PackageResources.iso_json5
    case "linux": PackageResources.linux_json5
    case "linux-uefi": PackageResources.linux_uefi_json5
    case "microvm": PackageResources.microvm_json5
    case "ubuntu-24.04": PackageResources.ubuntu_24_04_json5
    case "windows": PackageResources.windows_json5
    default: nil
    }
  }

  package static let firmwareNames = ["hello"]

  /// The code of a firmware, which `FirmwareROM` makes a ROM of; nil when none of that name is built in.
  package static func firmware(_ name: String) -> [UInt8]? {
    name == "hello" ? PackageResources.hello_rom : nil
  }

  /// The code of the guest that tells whether an accelerator runs 64-bit systems; `long-mode.S` says what it writes.
  package static var longModeGuest: [UInt8] { PackageResources.long_mode_rom }
}
