internal import Glibc
internal import Host
package import Machine

/// The files of disks, looked at before anything starts: what they are, by their first bytes, and what they stand on.
///
/// It blocks. What cannot be looked at is left out: the check of files says why.
package enum ImageInspection {
  /// How many images may stand on each other.
  private static let longestChain = 64

  /// What is at each path of a definition's disks; each is told before it is looked at.
  package static func facts(
    of definition: FlatDefinition, in folders: DiskFolders, _ store: StoredImages,
    reach: (String) -> Void = { _ in }
  ) -> DiskFacts {
    let (names, remote) = (definition.storedImages, definition.remoteImages)
    let asksStore = !names.isEmpty || !remote.isEmpty
    if asksStore { reach(store.folder) }
    var facts = DiskFacts(store: asksStore ? store.facts(of: names, remote) : StoreFacts(), folders: folders)
    for path in definition.diskPaths(facts.store, folders) where facts.images[path] == nil {
      reach(path)
      facts.images[path] = image(at: path)
    }
    return facts
  }

  /// What is at a path; nil when that cannot be found out.
  package static func image(at path: String) -> DiskImage? {
    guard let status = status(of: path) else { return nil }
    var image = DiskImage(kind: kind(status), identity: identity(status))
    if case .other = image.kind { return image }
    image.usedSize = UInt64(clamping: status.st_blocks) * 512
    // The check of files tells why it cannot be read.
    guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK),
      let head = try? file.read(upTo: QCOW2Header.length, at: 0)
    else { return image }
    // A block device tells its size by its end alone.
    let end = Int64(lseek(file.rawValue, 0, SEEK_END))
    image.size = UInt64(clamping: end)
    image.magic = ImageMagic(head: head.prefix(ImageMagic.headLength), tail: tail(of: file, end))
    if image.magic == .qcow2 {
      image.qcow2Size = QCOW2Header(head: head)?.virtualSize
      addParts(to: &image, at: path)
    }
    return image
  }

  private static func tail(of file: borrowing FileDescriptor, _ end: Int64) -> [UInt8] {
    let length = Int64(ImageMagic.tailLength)
    // Without its end an image shows what its beginning shows.
    return end < length ? [] : (try? file.read(upTo: Int(length), at: end - length)) ?? []
  }

  // MARK: What a qcow2 image stands on

  /// Follows the chain of backing files as QEMU will, to its end.
  private static func addParts(to image: inout DiskImage, at start: String) {
    var (path, seen) = (start, [image.identity])
    while let names = names(in: path) {
      var asked = ""
      do throws(SystemError) {
        if let data = names.data {
          asked = "its data file '\(data)'"
          image.parts.append(try part(data, isWritten: path == start))
        }
        guard let backing = names.backing else { return }
        asked = "its backing file '\(backing)'"
        let part = try part(backing, isWritten: false)
        guard !seen.contains(part.identity) else {
          image.brokenChain = "its backing files lead in a circle: '\(path)' stands on '\(backing)'"
          return
        }
        guard seen.count < longestChain else {
          image.brokenChain = "more than \(longestChain) images stand on each other"
          return
        }
        seen.append(part.identity)
        image.parts.append(part)
        if names.backingFormat == .qcow2, self.names(in: backing) == nil, isReadable(backing) {
          image.brokenChain = "\(asked) is no qcow2 image, as '\(path)' says it is"
          return
        }
        guard names.backingFormat == nil || names.backingFormat == .qcow2 else { return }
        path = backing
      } catch {
        image.brokenChain = (path == start ? asked : "\(asked), of '\(path)'") + ": \(error.reason)"
        return
      }
    }
  }

  /// The files that a qcow2 image names; nil when it is none.
  private static func names(
    in path: String
  ) -> (backing: String?, backingFormat: DiskSetting.Format?, data: String?)? {
    // A link of the chain that cannot be read is QEMU's to name.
    guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK),
      let head = try? file.read(upTo: QCOW2Header.length, at: 0), let header = QCOW2Header(head: head)
    else { return nil }
    let folder = FileSystem.parent(of: path)
    let name = header.backingName.flatMap { try? file.read(upTo: $0.count, at: Int64($0.lowerBound)) }
    return (
      name.flatMap { QCOW2Header.path(of: String(decoding: $0, as: UTF8.self), in: folder) },
      // QEMU looks for itself where the header does not say; one that it says and nobody knows is no qcow2.
      header.backingFormat.map { DiskSetting.Format(rawValue: $0) ?? .raw },
      header.dataFile.flatMap { QCOW2Header.path(of: $0, in: folder) }
    )
  }

  private static func isReadable(_ path: String) -> Bool { FileSystem.refusal(path) == nil }

  private static func part(_ path: String, isWritten: Bool) throws(SystemError) -> DiskImage.Part {
    guard let status = status(of: path) else { throw SystemError("stat", path) }
    return DiskImage.Part(
      path: path, identity: identity(status), isWritten: isWritten, version: version(status))
  }

  // MARK: What the kernel says of a path

  private static func status(of path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  private static func kind(_ status: stat) -> DiskImage.Kind {
    switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFBLK: .blockDevice
    case S_IFDIR: .other("a folder")
    case S_IFCHR: .other("a character device")
    case S_IFIFO: .other("a pipe")
    default: .other("a socket")
    }
  }

  private static func version(_ status: stat) -> DiskImage.Version? {
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    return DiskImage.Version(size: Int64(status.st_size), modified: modified)
  }

  private static func identity(_ status: stat) -> DiskImage.Identity {
    status.st_mode & S_IFMT == S_IFBLK
      ? .device(UInt64(status.st_rdev))
      : .file(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }
}
