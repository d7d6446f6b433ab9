/// What the file of a disk was found to be; found out by others, so that resolving stays pure.
package struct DiskImage: Sendable, Equatable {
  /// What lies at a path.
  package enum Kind: Sendable, Equatable {
    case file
    case blockDevice
    /// No image can lie in it; in words, such as `a folder`.
    case other(String)
  }

  /// What tells one file or device from another, whatever it is called.
  package struct Identity: Sendable, Hashable {
    private let isDevice: Bool
    private let container: UInt64
    private let number: UInt64

    /// A file, by the device it lies on and its inode.
    package static func file(device: UInt64, inode: UInt64) -> Identity {
      Identity(isDevice: false, container: device, number: inode)
    }

    /// A block device, by its number: several names, even several nodes, may lead to it.
    package static func device(_ number: UInt64) -> Identity {
      Identity(isDevice: true, container: 0, number: number)
    }
  }

  /// Another file that the image needs.
  package struct Part: Sendable, Equatable {
    package let path: String
    package let identity: Identity
    /// Whether it changes with the image: its data file, not one that it stands on.
    package let isWritten: Bool
    /// What it was at that moment; nil for a device, whose node does not tell.
    package let version: Version?

    package init(path: String, identity: Identity, isWritten: Bool, version: Version? = nil) {
      self.path = path
      self.identity = identity
      self.isWritten = isWritten
      self.version = version
    }
  }

  /// What tells whether somebody has written to a file, as far as that can be told without reading it.
  package struct Version: Sendable, Equatable {
    package let size: Int64

    /// When it was last written, in nanoseconds since 1970.
    package let modified: Int64

    package init(size: Int64, modified: Int64) {
      self.size = size
      self.modified = modified
    }
  }

  package let kind: Kind
  package let identity: Identity
  /// The format that its bytes show; nil for none that is known.
  package var magic: ImageMagic?
  /// How many bytes the file or device has.
  package var size: UInt64 = 0
  /// How large the disk in it is, if it is a qcow2 image.
  package var qcow2Size: UInt64?
  /// How much of the file system it takes, in bytes.
  package var usedSize: UInt64 = 0
  /// What it needs besides, if it is a qcow2 image, the nearest first.
  package var parts: [Part] = []
  /// Why it cannot be used as the qcow2 image that it is: its chain is broken, too long, or has no end.
  package var brokenChain: String?

  package init(kind: Kind, identity: Identity) {
    self.kind = kind
    self.identity = identity
  }

  /// What a guest finds on it when it is used in a format; nil where only the format's own programs know.
  func virtualSize(as format: DiskSetting.Format) -> ByteCount? {
    switch format {
    // QEMU fills the last sector up.
    case .raw: size > UInt64(Int64.max) ? nil : ByteCount(bytes: (size + 511) / 512 * 512)
    case .qcow2: qcow2Size.map(ByteCount.init(bytes:))
    case .vmdk, .vdi, .vhdx, .vpc: nil
    }
  }
}

/// A file that a disk of a VM reads or writes, and which disk that is.
package struct ImageUse: Sendable, Equatable {
  /// The disk's place in the definition, such as `disks[0]`.
  package let key: String
  /// Where the definition says what the disk is, such as `disks[0].file`.
  package let sourceKey: String
  /// The image that the definition names, or the disk of the VM's own.
  package let image: String
  /// The file itself: the image, or one that it needs.
  package let path: String
  package let identity: DiskImage.Identity
  package let isWritten: Bool

  /// Whether the file is another than the one that the definition names.
  private var isPart: Bool { path != image }

  /// Whether both may not be in use at the same time: one writes to what the other uses.
  package func conflicts(with other: ImageUse) -> Bool {
    identity == other.identity && (isWritten || other.isWritten)
  }

  /// The first two uses that cannot go together.
  package static func conflict(
    _ uses: [ImageUse], _ others: [ImageUse]
  ) -> (use: ImageUse, other: ImageUse)? {
    for use in uses {
      if let other = others.first(where: use.conflicts) { return (use, other) }
    }
    return nil
  }

  /// Why this disk cannot be used beside another one of the same file; `owner` is the other's VM, nil for this one.
  package func reason(against other: ImageUse, of owner: String?) -> String {
    let ours =
      switch (isPart, isWritten) {
      case (true, false): "'\(image)' stands on '\(path)'"
      case (true, true): "'\(image)' keeps its data in '\(path)'"
      case (false, true): "'\(path)' would be written to here"
      case (false, false): "'\(path)' would be read here"
      }
    let theirs = other.key + (owner.map { " of \($0)" } ?? " of the same VM")
    let alias = other.path == path ? "" : " as '\(other.path)'"
    let use =
      switch (other.isPart, other.isWritten) {
      case (true, false): ", '\(other.image)', stands on it\(alias)"
      case (true, true): ", '\(other.image)', keeps its data in it\(alias)"
      case (false, true): " writes to it\(alias)"
      case (false, false): " reads it\(alias)"
      }
    return "\(ours), while \(theirs)\(use); give each an image of its own"
  }
}

extension DiskEntry {
  /// The files that the disk uses, as far as they were found.
  func uses(_ facts: DiskFacts) -> [ImageUse] {
    let files = DiskFiles(self, facts)
    guard let opened = files.opened, let image = opened.found else { return [] }
    let isOwn = files.hasOwn
    // What a disk of the VM's own stands on is never written, and neither is what is thrown away.
    let isWritten = !setting.isReadOnly && setting.isPersistent && (isOwn || userFile != nil)
    let own = ImageUse(
      key: key, sourceKey: sourceKey, image: opened.path, path: opened.path, identity: image.identity,
      isWritten: isWritten)
    let parts = opened.format == .qcow2 ? image.parts : []
    return [own]
      + parts.map {
        ImageUse(
          key: key, sourceKey: sourceKey, image: opened.path, path: $0.path, identity: $0.identity,
          isWritten: $0.isWritten && isWritten)
      }
  }
}

extension DiskSetting {
  /// The format to take: the one written, else the one that the name says; a device is raw.
  func format(of image: DiskImage?, at path: String) -> Format? {
    if let format { return format }
    let isDevice = image.map { $0.kind == .blockDevice } ?? path.hasPrefix("/dev/")
    return isDevice ? .raw : Format(fileName: path)
  }
}

extension FlatDefinition {
  /// The files that the VM's disks use, as far as they were found.
  package func imageUses(_ facts: DiskFacts) -> [ImageUse] { settings.diskEntries.flatMap { $0.uses(facts) } }
}
