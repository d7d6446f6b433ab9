internal import Host
internal import Machine

/// A pair of keys in a folder of its own, made once; ssh-keygen(1).
///
/// It blocks. The folder has its name only when both keys are in it and on disk.
struct KeyPair: Sendable {
  let folder: String
  let name: String

  /// What stands behind the public key.
  let comment: String

  private var file: String { folder + "/" + name }

  var isPresent: Bool { FileSystem.isPresent(folder) }

  /// Both keys, made first where there are none; `beside` gives what else is to be in the folder by the public key.
  func keys(
    _ tool: HostTool?, beside: (String) -> [(name: String, text: String)] = { _ in [] }
  ) throws(HostTool.Failure) -> (secret: String, shown: String) {
    do {
      if try !FileSystem.presence(of: folder) {
        guard let tool else { throw HostTool.Failure.missing(.keygen) }
        try make(tool, beside)
      }
      return (try text(file), try text(file + ".pub").trimmed)
    } catch let error as HostTool.Failure {
      throw error
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .words("\(error)")
    }
  }

  private func make(_ tool: HostTool, _ beside: (String) -> [(name: String, text: String)]) throws {
    try clearDrafts()
    let draft = FileSystem.temporaryName(for: folder)
    do {
      try FileSystem.makeDirectory(draft)
      let key = draft + "/" + name
      try tool.run(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key])
      for (name, text) in beside(try text(key + ".pub").trimmed) {
        try FileSystem.create(draft + "/" + name, with: Array(text.utf8), durable: true)
      }
      try FileSystem.sync(file: key)
      try FileSystem.sync(file: key + ".pub")
      try FileSystem.sync(directory: draft)
      try FileSystem.moveNew(draft, to: folder)
      try FileSystem.sync(directory: FileSystem.parent(of: folder))
    } catch {
      // One that stays is removed before the next is made.
      try? FileSystem.removeTree(draft)
      // Another VM's start has made it meanwhile.
      guard try FileSystem.presence(of: folder) else { throw error }
    }
  }

  /// What a supervisor that is gone has left half made.
  private func clearDrafts() throws(SystemError) {
    let (parent, start) = (FileSystem.parent(of: folder), FileSystem.name(of: folder) + ".")
    for name in try FileSystem.names(in: parent)
    where name.hasPrefix(start) && FileSystem.isTemporary(name) && !FileSystem.isOwnTemporary(name) {
      try FileSystem.removeTree(parent + "/" + name)
    }
  }

  private func text(_ path: String) throws(SystemError) -> String {
    String(decoding: try FileSystem.read(path), as: UTF8.self)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.last?.isNewline == true { text.removeLast() }
    return String(text)
  }
}
