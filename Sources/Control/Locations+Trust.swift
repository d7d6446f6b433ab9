package import Host

// Whose files are believed: root's and this user's, and those in folders that this user has named.
extension Locations {
  /// The file that lists other folders that are believed, an absolute path a line.
  package var trustedFolders: String { configuration + "/trusted-folders" }

  /// Options of curl(1) for this host: a proxy, certificates; whoever ran the first command has them in his environment,
  /// which no process of ours keeps.
  package var curlOptions: String { configuration + "/curlrc" }

  /// Refuses a file or folder that somebody else has made or can change.
  package func requireTrust(in path: String) throws(UntrustedFile) {
    guard let doubt = FileSystem.distrust(of: path), !isListed(doubt.folder) else { return }
    throw doubt
  }

  private func isListed(_ folder: String) -> Bool {
    // Without a list, or with one that others can write, nothing is listed.
    guard FileSystem.distrust(of: trustedFolders) == nil,
      let bytes = try? FileSystem.readIfPresent(trustedFolders)
    else { return false }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
      guard line.hasPrefix("/") else { return false }
      let listed = FileSystem.absolute(String(line), in: "/")
      return folder == listed || folder.hasPrefix(listed == "/" ? "/" : listed + "/")
    }
  }

  /// What to do about a file that is not used.
  package func adviceOnTrust(in file: UntrustedFile) -> String {
    """
    What is written there can run programs as you. If you trust whoever can write it: \
    mkdir -p '\(configuration)' && echo '\(file.folder)' >>'\(trustedFolders)'
    """
  }
}
