package import JSON

/// The key `cloudInit`: what the cloud-init of a guest does at its first boot.
///
/// An object, or `true` for an empty one; `false` takes away what the profile has. Source: cloudinit.readthedocs.io,
/// "NoCloud" and "Module reference".
package struct CloudInitSetting: Sendable, Equatable {
  package var isWanted = true

  /// Who logs in; `standardUser` where none is written.
  package var user: String?
  package var password: TextSource?

  /// Public keys of those who may log in by ssh.
  package var sshKeys: [TextSource]?
  package var packages: [String]?

  /// The VM's own name where none is written.
  package var hostname: String?
  package var files: [GuestFile]?
  package var runCommands: [GuestCommand]?
  package var timezone: String?

  /// User data of the user's own, whatever of cloud-init's formats it is in.
  package var userData: TextSource?
  package var networkConfig: GuestNetworkConfig?

  package init() {}

  package static let standardUser = "qemuvm"

  package var login: String { user ?? Self.standardUser }
}

/// A file that cloud-init writes in the guest.
package struct GuestFile: Sendable, Equatable {
  package var path: String
  package var content: TextSource
  package var permissions: String?
  package var owner: String?
}

/// A command that cloud-init runs in the guest: a line for its shell, or a program with its arguments.
package enum GuestCommand: Sendable, Equatable {
  case shell(String)
  case words([String])
}

/// cloud-init's network configuration: its object, of version 1 or 2, or a text.
package enum GuestNetworkConfig: Sendable, Equatable {
  case object(JSONObject)
  case text(TextSource)
}

extension CloudInitSetting: DefinitionValue {
  static func read(_ node: DefinitionNode) -> CloudInitSetting? {
    var setting = CloudInitSetting()
    if let isWanted = node.bool {
      setting.isWanted = isWanted
      return setting
    }
    guard var reader = ObjectReader(node, expected: "an object, true or false") else { return nil }
    setting.user = reader.read("user", Self.user)
    setting.password = reader.read("password") {
      TextSource.read($0, expected: "a password") { $0.isOneLine ? nil : "a password is one line" }
    }
    setting.sshKeys = reader.read("sshKeys") { node in
      node.list("public keys") { TextSource.read($0, expected: "a public key", check: PublicKey.problem) }
    }
    setting.packages = reader.read("packages") { $0.list("packages", Self.package) }
    setting.hostname = reader.read("hostname", Self.hostname)
    setting.files = reader.read("files") { $0.list("files", GuestFile.read) }
    setting.runCommands = reader.read("runCommands") { $0.list("commands", GuestCommand.read) }
    setting.timezone = reader.read("timezone", Self.timezone)
    setting.userData = reader.read("userData") { TextSource.read($0, expected: "user data") }
    setting.networkConfig = reader.read("networkConfig", GuestNetworkConfig.read)
    reader.finish()
    return setting
  }

  /// useradd(8) takes such names wherever there is one.
  private static func user(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a user's name") else { return nil }
    let isName = text.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        || $0 == UInt8(ascii: "-")
    }
    guard isName, text.utf8.count <= 32, text.first?.isLetter == true || text.first == "_" else {
      return node.wrong(
        "'\(text.clipped)' is not a user's name: up to 32 small letters, digits, '-' and '_', a letter first")
    }
    return text
  }

  private static func package(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a package's name") else { return nil }
    let isName = !text.hasPrefix("-") && text.unicodeScalars.allSatisfy { $0 > " " && $0 != "\u{7F}" }
    return isName ? text : node.wrong("'\(text.clipped)' is not a package's name")
  }

  /// RFC 1123, with a domain or without.
  private static func hostname(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a host name") else { return nil }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isName =
      text.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
          && label.allSatisfy { $0.isASCIILetterOrDigit || $0 == "-" }
      }
    return isName
      ? text
      : node.wrong("'\(text.clipped)' is not a host name: letters, digits and '-', parts with '.' between")
  }

  private static func timezone(_ node: DefinitionNode) -> String? {
    guard let text = node.nonEmptyText(expected: "a time zone such as 'Europe/Berlin'") else { return nil }
    let isName =
      text.first?.isLetter == true && !text.contains("..")
      && text.allSatisfy { $0.isASCIILetterOrDigit || "/_+-".contains($0) }
    return isName
      ? text : node.wrong("'\(text.clipped)' is not a time zone, such as 'Europe/Berlin' or 'UTC'")
  }

  var json: JSONValue {
    guard isWanted else { return false }
    var object = JSONObject()
    object["user"] = user.map { .string($0) }
    object["password"] = password?.json
    object["sshKeys"] = sshKeys.map { .array($0.map(\.json)) }
    object["packages"] = packages?.json
    object["hostname"] = hostname.map { .string($0) }
    object["files"] = files.map { .array($0.map(\.json)) }
    object["runCommands"] = runCommands.map { .array($0.map(\.json)) }
    object["timezone"] = timezone.map { .string($0) }
    object["userData"] = userData?.json
    object["networkConfig"] = networkConfig?.json
    return .object(object)
  }

  /// Member by member; what is switched off here or below stands alone.
  func merged(over base: CloudInitSetting) -> CloudInitSetting {
    guard isWanted, base.isWanted else { return self }
    var merged = base
    if let user { merged.user = user }
    if let password { merged.password = password }
    if let sshKeys { merged.sshKeys = sshKeys }
    if let packages { merged.packages = packages }
    if let hostname { merged.hostname = hostname }
    if let files { merged.files = files }
    if let runCommands { merged.runCommands = runCommands }
    if let timezone { merged.timezone = timezone }
    if let userData { merged.userData = userData }
    if let networkConfig { merged.networkConfig = networkConfig }
    return merged
  }
}

extension CloudInitSetting {
  /// Every file of the host's that it names, each once.
  package var namedPaths: Set<String> { Set(namedFiles.map(\.path)) }

  /// The same with their keys.
  var namedFiles: [(key: String, path: String)] {
    var named: [(key: String, source: TextSource?)] = [
      ("password", password), ("userData", userData), ("networkConfig", networkConfig?.text),
    ]
    named += (sshKeys ?? []).enumerated().map { ("sshKeys[\($0.offset)]", $0.element) }
    named += (files ?? []).enumerated().map { ("files[\($0.offset)].content", $0.element.content) }
    return named.compactMap { key, source in source?.file.map { ("cloudInit.\(key)", $0) } }
  }

  func anchored(in directory: String) -> CloudInitSetting {
    var setting = self
    setting.password = password?.anchored(in: directory)
    setting.sshKeys = sshKeys?.map { $0.anchored(in: directory) }
    setting.userData = userData?.anchored(in: directory)
    setting.files = files?.map { file in
      var file = file
      file.content = file.content.anchored(in: directory)
      return file
    }
    if case .text(let source) = networkConfig {
      setting.networkConfig = .text(source.anchored(in: directory))
    }
    return setting
  }

  /// The members as they may be shown and compared: of one that can hold a secret only what tells it from another.
  package var shownMembers: JSONObject {
    let secret: Set = ["password", "files", "runCommands", "userData", "networkConfig"]
    return JSONObject(
      (json.object ?? [:]).map { key, value in
        guard secret.contains(key) else { return (key, value) }
        var hash = FNV1a<UInt128>()
        hash.add("\(value)")
        return (key, .hidden(hash.text))
      })
  }
}

extension GuestNetworkConfig: DefinitionValue {
  static func read(_ node: DefinitionNode) -> GuestNetworkConfig? {
    node.log.ask(at: node.path) { $0.noteOpenObject(at: $1) }
    // A file is an object as well, and no configuration has that member.
    if let object = node.value.object, object["file"] == nil {
      guard object["version"]?.int == 1 || object["version"]?.int == 2 else {
        return node.wrong("a network configuration of cloud-init has version: 1 or version: 2")
      }
      return .object(object)
    }
    return TextSource.read(node, expected: "a network configuration").map { .text($0) }
  }

  fileprivate var text: TextSource? {
    switch self {
    case .object: nil
    case .text(let source): source
    }
  }

  var json: JSONValue {
    switch self {
    case .object(let object): .object(object)
    case .text(let source): source.json
    }
  }
}

extension GuestFile: DefinitionValue {
  static func read(_ node: DefinitionNode) -> GuestFile? {
    guard var reader = ObjectReader(node) else { return nil }
    let path: String? = reader.read("path") { node in
      guard let path = node.nonEmptyText(expected: "a path in the guest") else { return nil }
      return path.hasPrefix("/")
        ? path : node.wrong("a path in the guest begins with '/', unlike '\(path.clipped)'")
    }
    let content: TextSource? = reader.read("content") { node in
      // An empty file is one, too.
      node.value.string == "" ? .text("") : TextSource.read(node, expected: "a text")
    }
    let permissions: String? = reader.read("permissions") { node in
      guard let text = node.text(expected: "permissions such as \"0644\"") else { return nil }
      let isOctal =
        (3...4).contains(text.utf8.count)
        && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
      return isOctal ? text : node.wrong("'\(text.clipped)' are not permissions, such as \"0644\"")
    }
    let owner: String? = reader.read("owner") { node in
      guard let text = node.nonEmptyText(expected: "an owner such as \"root:root\"") else { return nil }
      let isOwner = text.allSatisfy { $0.isASCIILetterOrDigit || "_-.:".contains($0) }
      return isOwner ? text : node.wrong("'\(text.clipped)' is not an owner, such as \"root:root\"")
    }
    if !reader.has("path") { reader.missing("path", "the file's path in the guest") }
    if !reader.has("content") { reader.missing("content", "what is in the file") }
    reader.finish()
    guard let path, let content else { return nil }
    return GuestFile(path: path, content: content, permissions: permissions, owner: owner)
  }

  var json: JSONValue {
    var object: JSONObject = ["path": .string(path), "content": content.json]
    object["permissions"] = permissions.map { .string($0) }
    object["owner"] = owner.map { .string($0) }
    return .object(object)
  }
}

extension GuestCommand: DefinitionValue {
  static func read(_ node: DefinitionNode) -> GuestCommand? {
    if node.elements != nil {
      guard let words = node.list("words", { $0.text() }) else { return nil }
      return words.first?.isEmpty == false ? .words(words) : node.wrong("a command begins with its program")
    }
    return node.nonEmptyText(expected: "a command, or a list of its words").map { .shell($0) }
  }

  var json: JSONValue {
    switch self {
    case .shell(let line): .string(line)
    case .words(let words): words.json
    }
  }
}

/// A public key of ssh, as a line of `authorized_keys`; sshd(8).
enum PublicKey {
  /// What is wrong with a text that is to be one; nil when nothing is.
  static func problem(_ text: String) -> String? {
    if text.contains("PRIVATE KEY") {
      return "this is a private key; the public one is in the file with '.pub'"
    }
    guard text.isOneLine else { return "a public key is one line" }
    let words = text.split(separator: " ")
    let hasKey = zip(words, words.dropFirst()).contains { type, key in
      (type.hasPrefix("ssh-") || type.hasPrefix("ecdsa-sha2-") || type.hasPrefix("sk-"))
        && key.hasPrefix("AAAA")
    }
    return hasKey ? nil : "'\(text.clipped)' is not a public key, such as 'ssh-ed25519 AAAA… me@host'"
  }
}

extension String {
  fileprivate var isOneLine: Bool { !contains { $0.isNewline } }
}

extension DefinitionNode {
  /// The elements of a list, all of them good.
  fileprivate func list<Element>(
    _ what: String, _ read: (DefinitionNode) -> Element?
  ) -> [Element]? {
    guard let elements else { return wrongType(expected: "a list of \(what)") }
    let read = elements.map(read)
    let good = read.compactMap(\.self)
    return good.count == read.count ? good : nil
  }
}
