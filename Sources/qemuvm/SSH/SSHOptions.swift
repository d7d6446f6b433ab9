internal import Control

/// How the host's `ssh` gets into a guest; ssh_config(5).
struct SSHOptions {
  let access: VMDetails.SSH

  /// The VM's names for a client, the one that no other VM has last.
  let aliases: [String]

  init(_ access: VMDetails.SSH, of name: FullName) {
    self.access = access
    aliases = name.lab.map { [name.name, "\(name.name).\($0)"] } ?? [name.name]
  }

  /// Keyword and value, as the configuration file has them.
  private var settings: [(keyword: String, value: String)] {
    var settings = [
      ("HostName", access.host), ("Port", "\(access.port ?? 22)"), ("User", access.user),
      ("IdentityFile", Self.path(access.identityFile)),
    ]
    // A guest that has its keys from elsewhere knows its user's own.
    if access.isVerified { settings.append(("IdentitiesOnly", "yes")) }
    return settings + [
      ("HostKeyAlias", access.hostKeyAlias), ("UserKnownHostsFile", Self.path(access.knownHostsFile)),
      ("GlobalKnownHostsFile", "none"),
      ("StrictHostKeyChecking", access.isVerified ? "yes" : "accept-new"),
    ]
  }

  /// Options of ssh(1), which reads no file of its own then: nothing there can stand in between.
  var arguments: [String] {
    ["-F", "none", "-o", "LogLevel=ERROR"] + settings.flatMap { ["-o", "\($0.keyword)=\($0.value)"] }
  }

  /// A part of a configuration file.
  func configuration(names: [String]) -> String {
    let lines = settings.map { "  \($0.keyword) \($0.value)\n" }
    return "Host \(names.joined(separator: " "))\n" + lines.joined()
  }

  /// A path in which ssh is to replace nothing, and which is one word whatever is in it.
  private static func path(_ path: String) -> String {
    "\"\(path.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%"))\""
  }
}
