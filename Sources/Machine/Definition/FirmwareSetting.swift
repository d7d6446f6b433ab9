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
}

extension FirmwareSetting: DefinitionValue {
  private static let builtinPrefix = "builtin:"

  static func read(_ node: DefinitionNode) -> FirmwareSetting? {
    guard let text = node.nonEmptyText(expected: "'seabios', 'uefi' or a ROM's file") else { return nil }
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

  var json: JSONValue {
    switch self {
    case .seabios: "seabios"
    case .uefi: "uefi"
    case .builtin(let name): .string(Self.builtinPrefix + name)
    case .file(let path): .string(path)
    }
  }
}
