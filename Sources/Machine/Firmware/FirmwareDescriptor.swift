internal import Glibc
internal import JSON

/// What a distribution says of a firmware that it ships: a file of `/usr/share/qemu/firmware` and its like.
///
/// QEMU: docs/interop/firmware.json. Only what decides the choice is read.
package struct FirmwareDescriptor: Sendable, Equatable {
  /// The file that says it, for messages.
  package let file: String
  /// Such as `uefi`.
  package let interfaces: Set<String>
  /// Where it runs: QEMU's name of the processor, and patterns of glob(7) for versioned machine types.
  package let targets: [(architecture: String, machines: [String])]
  /// Such as `secure-boot` and `requires-smm`.
  package let features: Set<String>
  /// The code and its variables as two files in flash; nil for any other form.
  package let image: UEFIFirmware?

  /// What Secure Boot is, and plain UEFI does without: only signed systems start, and only SMM writes the flash.
  private static let ofSecureBoot: Set<String> = ["secure-boot", "requires-smm", "enrolled-keys"]

  /// Whether it is plain UEFI for a machine type, by its versioned name.
  package func isPlainUEFI(architecture: String, machine: String) -> Bool {
    features.isDisjoint(with: Self.ofSecureBoot) && isUEFI(architecture, machine)
  }

  /// Whether it is UEFI with Secure Boot and the keys of those who sign systems, kept by SMM.
  package func isSecureUEFI(architecture: String, machine: String) -> Bool {
    features.isSuperset(of: Self.ofSecureBoot) && isUEFI(architecture, machine)
  }

  private func isUEFI(_ architecture: String, _ machine: String) -> Bool {
    guard interfaces.contains("uefi"), image != nil else { return false }
    return targets.contains { target in
      target.architecture == architecture && target.machines.contains { fnmatch($0, machine, 0) == 0 }
    }
  }

  package static func == (left: FirmwareDescriptor, right: FirmwareDescriptor) -> Bool {
    left.file == right.file
  }
}

extension FirmwareDescriptor {
  /// Reads a descriptor; nil when it is none.
  package init?(parsing bytes: [UInt8], file: String) {
    // A descriptor that cannot be read is its distribution's to mend, and any other may do.
    guard let json = try? JSONValue(parsing: bytes), json.object != nil else { return nil }
    self.file = file
    interfaces = Set(Self.texts(json["interface-types"]))
    features = Set(Self.texts(json["features"]))
    targets = (json["targets"]?.array ?? []).compactMap { target in
      target["architecture"]?.string.map { ($0, Self.texts(target["machines"])) }
    }
    image = Self.image(json["mapping"])
  }

  private static func texts(_ json: JSONValue?) -> [String] { json?.array?.compactMap(\.string) ?? [] }

  private static func image(_ mapping: JSONValue?) -> UEFIFirmware? {
    guard let mapping, mapping["device"] == "flash", mapping["mode"].map({ $0 == "split" }) ?? true,
      let code = flash(mapping["executable"]), let variables = flash(mapping["nvram-template"])
    else { return nil }
    return UEFIFirmware(
      code: code.file, variables: variables.file, codeFormat: code.format, variablesFormat: variables.format)
  }

  private static func flash(_ json: JSONValue?) -> (file: String, format: FlashFormat)? {
    guard let file = json?["filename"]?.string, file.hasPrefix("/"),
      let format = json?["format"]?.string.flatMap(FlashFormat.init(rawValue:))
    else { return nil }
    return (file, format)
  }
}
