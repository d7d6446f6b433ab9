internal import JSON

/// What a guest's cloud-init is told: the files of a NoCloud disk, made of a definition and of what is kept for the VM.
///
/// Pure. Source: cloudinit.readthedocs.io, "NoCloud".
package struct FirstBootSeed: Sendable, Equatable {
  /// The label by which cloud-init knows the disk.
  package static let label = "cidata"

  package let setting: CloudInitSetting

  /// What the guest is called unless the definition says otherwise.
  let standardHostname: String

  /// Whether the guest is to let `qemuvm ssh` in.
  package let hasSSH: Bool
  package let places: FirstBootPlaces

  /// What only the host knows.
  package struct Facts: Sendable {
    /// What cloud-init knows the guest by: another one is another first boot.
    package var instance: String

    /// What is in the files that the definition names, by path.
    package var files: [String: [UInt8]]

    /// The guest's own key, as its sshd shows it, and qemuvm's public one; nil without ssh.
    package var hostKey: (secret: String, shown: String)?
    package var ownKey: String?

    package init(
      instance: String, files: [String: [UInt8]] = [:], hostKey: (secret: String, shown: String)? = nil,
      ownKey: String? = nil
    ) {
      self.instance = instance
      self.files = files
      self.hostKey = hostKey
      self.ownKey = ownKey
    }
  }

  /// The disk's files, by name, with what is in each.
  package func files(_ facts: Facts) -> [(name: String, bytes: [UInt8])] {
    let metaData: JSONObject = [
      "instance-id": .string(facts.instance), "local-hostname": .string(setting.hostname ?? standardHostname),
    ]
    let config = Array(("#cloud-config\n" + YAMLText.text(config(facts))).utf8)
    var files = [(name: "meta-data", bytes: Array(YAMLText.text(metaData).utf8))]
    if let own = setting.userData {
      // The user's own data come over ours, key by key, whatever format they are in.
      files += [("user-data", bytes(own, facts)), ("vendor-data", config)]
    } else {
      files.append(("user-data", config))
    }
    switch setting.networkConfig {
    case nil: break
    case .object(let object): files.append(("network-config", Array(YAMLText.text(object).utf8)))
    case .text(let source): files.append(("network-config", bytes(source, facts)))
    }
    return files
  }

  /// The cloud-config.
  private func config(_ facts: Facts) -> JSONObject {
    var config: JSONObject = ["user": ["name": .string(setting.login)], "manage_etc_hosts": "localhost"]
    if setting.login == "root" { config["disable_root"] = false }
    let keys = (facts.ownKey.map { [$0] } ?? []) + (setting.sshKeys ?? []).flatMap { lines($0, facts) }
    if !keys.isEmpty { config["ssh_authorized_keys"] = .array(keys.map { .string($0) }) }
    if let key = facts.hostKey {
      config["ssh_keys"] = ["ed25519_private": .string(key.secret), "ed25519_public": .string(key.shown)]
    }
    if let password = setting.password {
      config["password"] = .string(lines(password, facts).first ?? "")
      config["chpasswd"] = ["expire": false]
    }
    config["timezone"] = setting.timezone.map { .string($0) }
    if let packages = setting.packages, !packages.isEmpty {
      config["package_update"] = true
      config["packages"] = .array(packages.map { .string($0) })
    }
    if let files = setting.files, !files.isEmpty {
      config["write_files"] = .array(files.map { .object(written($0, facts)) })
    }
    if let commands = setting.runCommands, !commands.isEmpty {
      config["runcmd"] = .array(commands.map(\.json))
    }
    return config
  }

  private func written(_ file: GuestFile, _ facts: Facts) -> JSONObject {
    var object: JSONObject = ["path": .string(file.path)]
    switch file.content {
    case .text(let text): object["content"] = .string(text)
    case .file(let path):
      object["encoding"] = "b64"
      object["content"] = .string(Base64.text(facts.files[path] ?? []))
    }
    object["permissions"] = file.permissions.map { .string($0) }
    object["owner"] = file.owner.map { .string($0) }
    return object
  }

  private func bytes(_ source: TextSource, _ facts: Facts) -> [UInt8] {
    switch source {
    case .text(let text): Array(text.utf8)
    case .file(let path): facts.files[path] ?? []
    }
  }

  /// The lines that say something.
  private func lines(_ source: TextSource, _ facts: Facts) -> [String] {
    String(decoding: bytes(source, facts), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix("#") }
  }
}

/// Where the things of a VM's first boot lie: absolute paths.
package struct FirstBootPlaces: Sendable, Equatable {
  /// The VM's own folder, which stays over `down`.
  package var folder: String

  /// The folder of qemuvm's own pair of keys, the same for all VMs.
  package var ownKeys: String

  /// What the guest is called where its key is kept: no name of a host's.
  package var hostAlias: String

  package init(folder: String, ownKeys: String, hostAlias: String) {
    self.folder = folder
    self.ownKeys = ownKeys
    self.hostAlias = hostAlias
  }

  package var disk: String { folder + "/cloud-init.iso" }

  /// What is on the disk, to be compared with what would be.
  package var content: String { folder + "/cloud-init.json" }
  package var instance: String { folder + "/instance-id" }

  /// The guest's own key, and what a client compares it with.
  package var hostKeys: String { folder + "/ssh" }
  package var hostKey: String { hostKeys + "/ssh_host_ed25519_key" }
  package var knownHosts: String { hostKeys + "/known_hosts" }

  /// The key of a guest that has it from elsewhere, as a client has learned it.
  package var learnedHosts: String { folder + "/known_hosts" }

  /// qemuvm's own secret key.
  package var identity: String { ownKeys + "/id_ed25519" }
}

/// Bytes as text; RFC 4648, section 4.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for place in 0..<4 {
        text.append(
          place > group.count ? UInt8(ascii: "=") : digits[Int(bits >> (18 - 6 * UInt32(place)) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
