package import JSON

/// What the CPUs run first; the flash devices that UEFI needs are attached by `-machine`.
///
/// Key: `firmware`.
package struct Firmware: Device {
  package enum Source: Sendable, Equatable {
    /// What QEMU itself gives the machine type.
    case ofMachineType
    case rom(path: String)
    /// The ROM at `MachinePaths.firmwareROM`, made of a built-in firmware.
    case builtin(name: String)
    /// With its variables at `MachinePaths.uefiVariables`, in the format that the VM's own have.
    case uefi(UEFIFirmware, variables: FlashFormat, isWritten: Bool)
  }

  package let source: Source

  /// Whether it starts nothing but signed systems, which its variables and the code in SMM see to.
  var isSecure = false
  let paths: MachinePaths

  package var id: DeviceID { DeviceID("firmware") }

  package var properties: JSONObject {
    switch source {
    case .ofMachineType: ["kind": "seabios"]
    case .rom(let path): ["kind": "rom", "file": .string(path)]
    case .builtin(let name): ["kind": "builtin", "name": .string(name)]
    case .uefi(let files, _, isWritten: true):
      ["kind": "uefi", "code": .string(files.code), "variables": .string(files.variables)]
    case .uefi where isSecure: ["kind": "uefi", "secureBoot": true]
    case .uefi: ["kind": "uefi"]
    }
  }

  package var shown: [(key: String, value: String)] {
    switch source {
    case .rom(let path): [(key, path)]
    case .builtin(let name): [(key, "builtin:\(name)")]
    case .ofMachineType, .uefi:
      [
        (
          key,
          (properties.compactMap(\.value.string) + (isSecure ? ["Secure Boot"] : [])).joined(separator: ", ")
        )
      ]
    }
  }

  package var requiredFiles: [RequiredFile] {
    switch source {
    case .rom(let path): [RequiredFile(key: key, path: path, isWritten: false)]
    case .uefi(let uefi, _, isWritten: true):
      [
        RequiredFile(key: "firmware.code", path: uefi.code, isWritten: false),
        RequiredFile(key: "firmware.variables", path: uefi.variables, isWritten: false),
      ]
    case .ofMachineType, .builtin, .uefi: []
    }
  }

  package var filesToPrepare: [FileToPrepare] {
    switch source {
    case .ofMachineType, .rom: []
    case .builtin(let name):
      BuiltinProfiles.firmware(name).map {
        [.write(bytes: FirmwareROM.image(of: $0), to: paths.firmwareROM)]
      } ?? []
    case .uefi(let files, let format, _):
      [.copyUnlessPresent(from: files.variables, to: paths.uefiVariables(format, isSecure: isSecure))]
    }
  }

  /// The VM's own variables; nil where it has none.
  package var ownVariables: String? {
    guard case .uefi(_, let format, _) = source else { return nil }
    return paths.uefiVariables(format, isSecure: isSecure)
  }

  package static let codeNode = "uefi-code"
  package static let variablesNode = "uefi-vars"

  package var machineOptions: [(name: String, value: String)] {
    guard case .uefi = source else { return [] }
    let flash = [("pflash0", Self.codeNode), ("pflash1", Self.variablesNode)]
    return isSecure ? flash + [("smm", "on")] : flash
  }

  package func backends(in context: DeviceContext) -> [DeviceArgument] {
    guard case .uefi(let files, let format, _) = source else { return [] }
    let flash: [DeviceArgument] = [
      .blockdev(files.codeFormat.node(Self.codeNode, files.code, readOnly: true)),
      .blockdev(format.node(Self.variablesNode, paths.uefiVariables(format, isSecure: isSecure))),
    ]
    guard isSecure else { return flash }
    // Code in SMM alone writes the variables, and no guest sleeps through its start (OVMF's README).
    return flash + [
      .option("-global", verbatim: "driver=cfi.pflash01,property=secure,value=on"),
      .option("-global", verbatim: "ICH9-LPC.disable_s3=1"),
    ]
  }

  package func frontends(in context: DeviceContext) -> [DeviceArgument] {
    switch source {
    case .ofMachineType, .uefi: []
    case .rom(let path): [.option("-bios", verbatim: path)]
    case .builtin: [.option("-bios", verbatim: paths.firmwareROM)]
    }
  }
}

extension FlashFormat {
  /// A flash image as QEMU opens it.
  fileprivate func node(_ name: String, _ file: String, readOnly: Bool = false) -> JSONObject {
    var node: JSONObject
    switch self {
    case .raw:
      node = ["driver": "file", "node-name": .string(name), "filename": .string(file)]
    case .qcow2:
      node = ["driver": "qcow2", "node-name": .string(name)]
      node["file"] = ["driver": "file", "node-name": .string(name + "-file"), "filename": .string(file)]
    }
    if readOnly { node["read-only"] = true }
    return node
  }
}

extension DeviceKind {
  static let firmware = DeviceKind(keys: [
    SettingKey("firmware", \.firmware, anchoring: { $0.anchored(in: $1) })
  ]) { resolver in
    let source = resolver.firmwareSource()
    return [
      Firmware(source: source, isSecure: resolver.settings.firmware == .secureUEFI, paths: resolver.paths)
    ]
  }
}

extension Settings {
  package var firmware: FirmwareSetting? {
    get { devices["firmware"] }
    set { devices["firmware"] = newValue }
  }
}

extension MachineResolver {
  fileprivate mutating func firmwareSource() -> Firmware.Source {
    switch settings.firmware ?? .seabios {
    case .seabios: return .ofMachineType
    case .file(let path): return .rom(path: path)
    case .builtin(let name):
      if !type.family.isPC {
        report(
          "firmware",
          "the built-in firmware '\(name)' works with the machine types 'pc' and 'q35' only, not with '\(type.name)'"
        )
      }
      return .builtin(name: name)
    case .uefi:
      guard isUEFIMachine() else { return .ofMachineType }
      guard let found = host.firmware.plainUEFI(architecture: architecture, machine: versionedName) else {
        let folders = (host.firmware.folders + ["/usr/share/OVMF"]).joined(separator: ", ")
        report(
          "firmware",
          "no UEFI firmware for '\(type.name)' was found in \(folders); install the package 'ovmf' (on Fedora "
            + "'edk2-ovmf'), or name its files: firmware: { code: \"FILE\", variables: \"FILE\" }")
        return .ofMachineType
      }
      return .uefi(found, variables: host.keptVariables ?? found.variablesFormat, isWritten: false)
    case .secureUEFI: return secureSource()
    case .uefiFiles(let files):
      guard isUEFIMachine() else { return .ofMachineType }
      return .uefi(files, variables: host.keptVariables ?? files.variablesFormat, isWritten: true)
    }
  }

  private mutating func secureSource() -> Firmware.Source {
    let key = "firmware.secureBoot"
    guard type.family == .q35 else {
      report(key, "Secure Boot works with the machine type 'q35' only, not with '\(type.name)'")
      return .ofMachineType
    }
    if type.options["smm"] == "off" {
      report(key, "Secure Boot needs the machine's option smm, which 'machine' has switched off")
    }
    guard let found = host.firmware.secureUEFI(architecture: architecture, machine: versionedName) else {
      let folders = (host.firmware.folders + ["/usr/share/OVMF"]).joined(separator: ", ")
      report(
        key,
        "no UEFI firmware for '\(type.name)' with Secure Boot and its keys was found in \(folders); install the "
          + "package 'ovmf' (on Fedora 'edk2-ovmf')")
      return .ofMachineType
    }
    return .uefi(found, variables: host.keptVariables ?? found.variablesFormat, isWritten: false)
  }

  private mutating func isUEFIMachine() -> Bool {
    if type.family.isPC { return true }
    report("firmware", "UEFI works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    return false
  }

  /// The processor that the emulator emulates, by QEMU's name: machines with UEFI are PCs.
  private var architecture: String { host.emulator.program.hasSuffix("-i386") ? "i386" : "x86_64" }

  private var versionedName: String { host.emulator.machines[type.name]?.name ?? type.name }
}

/// The key `firmware` as written: what the guest's CPU runs first.
package enum FirmwareSetting: Sendable, Equatable {
  /// The machine type's own firmware, which on PCs is SeaBIOS.
  case seabios
  case uefi
  /// UEFI that starts nothing but signed systems, written `{ uefi: true, secureBoot: true }`.
  case secureUEFI
  /// A ROM that is part of qemuvm, written `builtin:NAME`.
  case builtin(String)
  /// A ROM of the user's.
  case file(String)
  /// UEFI from these files, written `{ code, variables }`.
  case uefiFiles(UEFIFirmware)
}

extension FirmwareSetting: DefinitionValue {
  private static let builtinPrefix = "builtin:"

  static func read(_ node: DefinitionNode) -> FirmwareSetting? {
    if node.members != nil { return object(node) }
    guard let text = node.fileName(expected: "'seabios', 'uefi', a ROM's file or an object") else {
      return nil
    }
    switch text {
    case "seabios": return .seabios
    case "uefi": return .uefi
    case _ where text.hasPrefix(builtinPrefix):
      let name = String(text.dropFirst(builtinPrefix.count))
      guard BuiltinProfiles.firmware(name) != nil else {
        let known = BuiltinProfiles.firmwareNames
        return node.wrong(
          .unknownName(
            name, kind: "built-in firmware", nearest: nearestName(to: name, among: known), known: known))
      }
      return .builtin(name)
    default: return .file(text)
    }
  }

  /// `{ code, variables }`, or `{ uefi: true, secureBoot }`.
  private static func object(_ node: DefinitionNode) -> FirmwareSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    let code = reader.read("code") { $0.fileName(expected: "the file of the firmware's code") }
    let variables = reader.read("variables") {
      $0.fileName(expected: "the file of the firmware's empty variables")
    }
    let isUEFI: Bool? = reader.read("uefi")
    let isSecure: Bool? = reader.read("secureBoot")
    if isUEFI == false { reader.report("uefi", "write firmware: \"seabios\" for a guest without UEFI") }
    if reader.has("code"), !reader.has("variables") {
      reader.missing("variables", "the file of the firmware's empty variables, of which the VM gets a copy,")
    } else if reader.has("variables"), !reader.has("code") {
      reader.missing("code", "the file of the firmware's code")
    } else if !reader.has("code"), !reader.has("uefi") {
      node.report("write uefi: true, or the firmware's files: { code: \"FILE\", variables: \"FILE\" }")
    }
    if isSecure == true, reader.has("code") || reader.has("variables") {
      reader.report("secureBoot", "it is of uefi: true; with files of your own, what they hold decides")
    }
    reader.finish()
    guard let code, let variables else {
      return isUEFI == true ? isSecure == true ? .secureUEFI : .uefi : nil
    }
    return .uefiFiles(
      UEFIFirmware(
        code: code, variables: variables, codeFormat: FlashFormat(fileName: code),
        variablesFormat: FlashFormat(fileName: variables)))
  }

  var json: JSONValue {
    switch self {
    case .seabios: "seabios"
    case .uefi: "uefi"
    case .secureUEFI: ["uefi": true, "secureBoot": true]
    case .builtin(let name): .string(Self.builtinPrefix + name)
    case .file(let path): .string(path)
    case .uefiFiles(let files): ["code": .string(files.code), "variables": .string(files.variables)]
    }
  }
}

extension FirmwareSetting {
  /// Whether it is UEFI, whose variables each VM has for itself.
  package var isUEFI: Bool {
    switch self {
    case .uefi, .secureUEFI, .uefiFiles: true
    case .seabios, .builtin, .file: false
    }
  }

  /// The setting with its paths seen from a folder.
  func anchored(in directory: String) -> FirmwareSetting {
    switch self {
    case .seabios, .uefi, .secureUEFI, .builtin: self
    case .file(let path): .file(path.anchored(in: directory))
    case .uefiFiles(let files):
      .uefiFiles(
        UEFIFirmware(
          code: files.code.anchored(in: directory), variables: files.variables.anchored(in: directory),
          codeFormat: files.codeFormat, variablesFormat: files.variablesFormat))
    }
  }
}
