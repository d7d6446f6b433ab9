internal import Glibc
internal import Host
internal import Machine

extension OwnImage {
  /// Makes the image, or lets it grow, unless it is as it should be.
  ///
  /// It blocks. Under its name there is never half an image: it is made beside that, is on disk, and is renamed. What
  /// the guest has written stays whatever happens.
  func prepare(_ tool: DiskTool?, _ work: ImageWork) throws(ImageFailure) {
    do {
      if work.isCancelled { throw ImageFailure.cancelled }
      if !isThrownAway, try FileSystem.presence(of: path) { return try grow(tool, work) }
      guard let tool else { throw ImageFailure.tool("'\(DiskTool.program)' is not found in PATH") }
      let folder = FileSystem.parent(of: path)
      try FileSystem.makeDirectory(folder)
      try clearDrafts(in: folder)
      let draft = FileSystem.temporaryName(for: path)
      do {
        try make(draft, tool, work)
        if isThrownAway {
          try FileSystem.move(draft, to: path)
        } else {
          try FileSystem.sync(file: draft)
          try FileSystem.moveNew(draft, to: path)
          try FileSystem.sync(directory: folder)
        }
      } catch {
        // One that stays is removed before the next is made.
        _ = try? FileSystem.remove(draft)
        throw error
      }
    } catch let error as ImageFailure {
      throw error
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .tool("\(error)")
    }
  }

  /// What an earlier try has left half made.
  private func clearDrafts(in folder: String) throws(SystemError) {
    let name = FileSystem.name(of: path) + "."
    for entry in try FileSystem.names(in: folder) where entry.hasPrefix(name) && FileSystem.isTemporary(entry)
    {
      try FileSystem.remove(folder + "/" + entry)
    }
  }

  private func make(_ draft: String, _ tool: DiskTool, _ work: ImageWork) throws {
    let bytes = size.map { "\($0.bytes)" }
    switch content {
    case .blank:
      try tool.run(
        ["create", "-q", "-f", "qcow2", draft, bytes ?? "0"], for: work, within: DiskTool.patience)
    case .overlay(let base):
      // What is on the image decides, where its size is not known before.
      let isKnown = base.virtualSize != nil
      try tool.run(
        ["create", "-q", "-f", "qcow2", "-b", base.path, "-F", (base.format ?? .raw).rawValue, draft]
          + (isKnown ? [bytes].compactMap(\.self) : []),
        for: work, within: DiskTool.patience)
      if !isKnown { try grow(draft, tool, work) }
    case .copy(let base):
      work.reach(0)
      try tool.run(
        ["convert", "-p", "-f", (base.format ?? .raw).rawValue, "-O", "qcow2", base.path, draft], for: work,
        within: nil
      ) { work.reach($0) }
      try grow(draft, tool, work)
    }
  }

  private func grow(_ tool: DiskTool?, _ work: ImageWork) throws {
    guard try grow(path, tool, work) else { return }
    try FileSystem.sync(file: path)
  }

  /// Lets an image be as large as is asked for; whether anything was done.
  @discardableResult
  private func grow(_ file: String, _ tool: DiskTool?, _ work: ImageWork) throws -> Bool {
    guard let size else { return false }
    let head = try FileDescriptor.open(file, O_RDONLY).read(upTo: QCOW2Header.length, at: 0)
    guard let present = QCOW2Header(head: head)?.virtualSize else {
      throw ImageFailure.tool("\(file) is no qcow2 image any more")
    }
    guard size.bytes != present else { return false }
    guard size.bytes > present else { throw ImageFailure.tooSmall(asked: size.bytes, least: present) }
    guard let tool else { throw ImageFailure.tool("'\(DiskTool.program)' is not found in PATH") }
    try tool.run(
      ["resize", "-q", "-f", "qcow2", file, "\(size.bytes)"], for: work, within: DiskTool.patience)
    return true
  }

  /// The image that it is to be a copy of, which may take long; nil where it is another disk, or is there.
  ///
  /// It blocks. Where that cannot be told its making says so.
  var copyToMake: BaseImage? {
    guard case .copy(let base) = content, (try? FileSystem.presence(of: path)) == false else { return nil }
    return base
  }

  /// Whether a program is needed for it, by what was found.
  func needsTool(_ found: DiskImage?) -> Bool {
    guard !isThrownAway, let present = found?.qcow2Size else { return true }
    return size.map { $0.bytes > present } ?? false
  }
}

/// The disks of one run of a VM.
enum ThrownAwayDisks {
  /// Removes those of a run that has ended; what cannot go now goes when the next are made.
  ///
  /// What a link leads to is not ours to clear.
  static func remove(in folder: String) {
    guard FileSystem.linkTarget(folder) == nil else { return }
    for name in (try? FileSystem.names(in: folder)) ?? [] where DiskFolders.disk(of: name) != nil {
      _ = try? FileSystem.remove(folder + "/" + name)
    }
  }
}
