internal import JSON

/// Texts and files that the guest reads from its firmware's configuration device, by name.
///
/// Keys: `fwCfg`, and `ignition`, which is one of them (QEMU: docs/specs/fw_cfg.rst; Ignition: the name
/// `opt/com.coreos/config`). QEMU is handed files alone: a text stands on no command line.
struct FirmwareConfig: Device {
  let entries: [Entry]

  struct Entry: Sendable, Equatable {
    let name: String
    let key: String
    let source: TextSource
    /// What QEMU reads.
    let path: String
  }

  var id: DeviceID { DeviceID("fw-cfg") }
  var key: String { "fwCfg" }
  var label: String { "firmware configuration" }

  var properties: JSONObject {
    JSONObject(entries.map { ($0.name, $0.source.json) })
  }

  var shown: [(key: String, value: String)] {
    let words = entries.map { entry in entry.source.file.map { "\(entry.name) from \($0)" } ?? entry.name }
    return [(key, words.joined(separator: ", "))]
  }

  var requiredFiles: [RequiredFile] {
    entries.compactMap { entry in
      entry.source.file.map { RequiredFile(key: entry.key, path: $0, isWritten: false) }
    }
  }

  var filesToPrepare: [FileToPrepare] {
    entries.compactMap { entry in
      guard case .text(let text) = entry.source else { return nil }
      return .write(bytes: Array(text.utf8), to: entry.path)
    }
  }

  func frontends(in context: DeviceContext) -> [DeviceArgument] {
    entries.map { entry in
      .option("-fw_cfg", verbatim: OptionText("name", entry.name).with("file", entry.path).text)
    }
  }
}

/// The key `fwCfg` as written: names, each with a text or a file.
package struct FirmwareConfigSetting: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let source: TextSource
  }

  package var entries: [Entry]
}

extension FirmwareConfigSetting: DefinitionValue {
  /// What QEMU takes: FW_CFG_MAX_FILE_PATH, with an end.
  private static let longestName = 55

  static func read(_ node: DefinitionNode) -> FirmwareConfigSetting? {
    guard let reader = ObjectReader(node, expected: "an object of names, each with a text or { file }") else {
      return nil
    }
    return FirmwareConfigSetting(
      entries: reader.others.compactMap { member in
        let source = TextSource.read(member.value, expected: "a text")
        if let problem = problem(with: member.key) { return member.value.wrong(problem) }
        return source.map { Entry(name: member.key, source: $0) }
      })
  }

  private static func problem(with name: String) -> String? {
    if !name.hasPrefix("opt/") || name == "opt/" {
      return "'\(name.clipped)' is not a name for the guest: those begin with 'opt/', as in "
        + "\"opt/org.example/role\""
    }
    if name.utf8.count > longestName || !name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) {
      return "'\(name.clipped)' is not a name of at most \(longestName) ASCII characters without spaces"
    }
    return nil
  }

  var json: JSONValue { .object(JSONObject(entries.map { ($0.name, $0.source.json) })) }

  func anchored(in directory: String) -> FirmwareConfigSetting {
    FirmwareConfigSetting(
      entries: entries.map { Entry(name: $0.name, source: $0.source.anchored(in: directory)) })
  }
}

extension DeviceKind {
  private static let ignitionName = "opt/com.coreos/config"

  static let firmwareConfig = DeviceKind(keys: [
    SettingKey("fwCfg", \.fwCfg, anchoring: { $0.anchored(in: $1) }),
    SettingKey(
      "ignition", \.ignition, reading: { $0.nonEmptyText(expected: "Ignition's file") },
      anchoring: { $0.anchored(in: $1) }),
  ]) { resolver in
    let folder = resolver.paths.firmwareConfig
    var entries = (resolver.settings.fwCfg?.entries ?? []).enumerated().map { index, entry in
      FirmwareConfig.Entry(
        name: entry.name, key: "fwCfg.\(entry.name)", source: entry.source,
        path: entry.source.file ?? "\(folder)/\(index)")
    }
    if let file = resolver.settings.ignition {
      if entries.contains(where: { $0.name == ignitionName }) {
        resolver.report("ignition", "'fwCfg' has '\(ignitionName)' as well; write only one of the two")
      }
      entries.append(
        FirmwareConfig.Entry(name: ignitionName, key: "ignition", source: .file(file), path: file))
    }
    return entries.isEmpty ? [] : [FirmwareConfig(entries: entries)]
  }
}

extension Settings {
  package var fwCfg: FirmwareConfigSetting? {
    get { devices["fwCfg"] }
    set { devices["fwCfg"] = newValue }
  }

  /// Ignition's configuration, a file of the host's.
  package var ignition: String? {
    get { devices["ignition"] }
    set { devices["ignition"] = newValue }
  }
}
