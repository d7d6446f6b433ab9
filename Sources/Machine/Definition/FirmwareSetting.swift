internal import JSON

/// The key `firmware` as written: what the guest's CPU runs first.
package enum FirmwareSetting: Sendable, Equatable {
  /// The machine type's own firmware, which on PCs is SeaBIOS.
  case seabios
  case uefi
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
    guard let text = node.nonEmptyText(expected: "'seabios', 'uefi', a ROM's file or an object") else {
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

  /// `{ code, variables }`, or `{ uefi: true }`.
  private static func object(_ node: DefinitionNode) -> FirmwareSetting? {
    guard var reader = ObjectReader(node) else { return nil }
    reader.refuse("secureBoot", because: "Secure Boot is not there yet; uefi: true is UEFI without it")
    let code = reader.read("code") { $0.nonEmptyText(expected: "the file of the firmware's code") }
    let variables = reader.read("variables") {
      $0.nonEmptyText(expected: "the file of the firmware's empty variables")
    }
    let isUEFI: Bool? = reader.read("uefi")
    if isUEFI == false { reader.report("uefi", "write firmware: \"seabios\" for a guest without UEFI") }
    if reader.has("code"), !reader.has("variables") {
      reader.missing("variables", "the file of the firmware's empty variables, of which the VM gets a copy,")
    } else if reader.has("variables"), !reader.has("code") {
      reader.missing("code", "the file of the firmware's code")
    } else if !reader.has("code"), !reader.has("uefi") {
      node.report("write uefi: true, or the firmware's files: { code: \"FILE\", variables: \"FILE\" }")
    }
    reader.finish()
    guard let code, let variables else { return isUEFI == true ? .uefi : nil }
    return .uefiFiles(
      UEFIFirmware(
        code: code, variables: variables, codeFormat: FlashFormat(fileName: code),
        variablesFormat: FlashFormat(fileName: variables)))
  }

  var json: JSONValue {
    switch self {
    case .seabios: "seabios"
    case .uefi: "uefi"
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
    case .uefi, .uefiFiles: true
    case .seabios, .builtin, .file: false
    }
  }

  /// The setting with its paths seen from a folder.
  func anchored(in directory: String) -> FirmwareSetting {
    switch self {
    case .seabios, .uefi, .builtin: self
    case .file(let path): .file(path.anchored(in: directory))
    case .uefiFiles(let files):
      .uefiFiles(
        UEFIFirmware(
          code: files.code.anchored(in: directory), variables: files.variables.anchored(in: directory),
          codeFormat: files.codeFormat, variablesFormat: files.variablesFormat))
    }
  }
}
