/// Where disks of a VM's own lie, a folder each.
package struct DiskFolders: Sendable, Equatable {
  /// Those that stay until somebody removes them.
  package let kept: String

  /// Those of one run.
  package let thrownAway: String

  package init(kept: String, thrownAway: String) {
    self.kept = kept
    self.thrownAway = thrownAway
  }

  /// The file of a disk by its name.
  package func kept(_ disk: String) -> String { kept + "/" + Self.fileName(of: disk) }
  package func thrownAway(_ disk: String) -> String { thrownAway + "/" + Self.fileName(of: disk) }

  /// No other file in these folders is called so.
  private static func fileName(of disk: String) -> String { prefix + disk + suffix }
  private static let (prefix, suffix) = ("disk-", ".qcow2")

  /// The disk that a file's name belongs to; nil for another file.
  package static func disk(of fileName: String) -> String? {
    guard fileName.hasPrefix(prefix), fileName.hasSuffix(suffix),
      fileName.utf8.count > prefix.utf8.count + suffix.utf8.count
    else { return nil }
    return String(fileName.dropFirst(prefix.count).dropLast(suffix.count))
  }
}

/// What was found of the files that a VM's disks are made of.
package struct DiskFacts: Sendable, Equatable {
  /// By path; those that are there.
  package var images: [String: DiskImage]
  package var store: StoreFacts
  package var folders: DiskFolders

  package init(images: [String: DiskImage] = [:], store: StoreFacts = StoreFacts(), folders: DiskFolders) {
    self.images = images
    self.store = store
    self.folders = folders
  }
}

/// An image that a disk is, stands on, or is copied from.
package struct BaseImage: Sendable, Equatable {
  package let path: String

  /// Nil where neither a key nor the name tells it.
  package let format: DiskSetting.Format?

  /// What it was found to be; nil when it was not.
  package let found: DiskImage?

  init(_ path: String, _ format: DiskSetting.Format?, _ found: DiskImage?) {
    self.path = path
    self.format = format
    self.found = found
  }

  /// How large the disk on it is, where its format tells without a program's help.
  package var virtualSize: ByteCount? { format.flatMap { found?.virtualSize(as: $0) } }
}

/// A disk image of a VM's own, made before a start, and grown where the definition asks for more.
package struct OwnImage: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    case blank
    case overlay(on: BaseImage)
    case copy(of: BaseImage)

    package var base: BaseImage? {
      switch self {
      case .blank: nil
      case .overlay(let base), .copy(let base): base
      }
    }
  }

  /// The disk's place in the definition, such as `disks[0]`.
  package let key: String
  package let path: String
  package let content: Content

  /// How large it is at least; nil where that is what it stands on.
  package let size: ByteCount?

  /// Whether it is made anew for each run.
  package let isThrownAway: Bool
}

/// The files that a disk is made of, by what is written and what was found.
struct DiskFiles: Sendable, Equatable {
  /// What is written: a file, or an image; nil for a blank disk, and for a name that the store does not have.
  let source: BaseImage?

  /// The VM's own, where the disk is or was one that is kept; nil for a file of the user's.
  let own: BaseImage?

  /// Whether the VM's own is there.
  var hasOwn: Bool { own?.found != nil }

  /// What QEMU opens, or opens an overlay of one run on.
  ///
  /// A disk keeps what it has written, also one that is only read now, or whose changes are thrown away.
  var opened: BaseImage? { hasOwn ? own : source }

  init(_ entry: DiskEntry, _ facts: DiskFacts) {
    let setting = entry.setting
    var stored: StoreFacts.Entry?
    let path: String?
    switch setting.source {
    case .file(let file), .image(.file(let file)): path = file
    case .image(let reference):
      stored = facts.store.entry(reference)
      path = stored?.path
    case .blank: path = nil
    }
    source = path.map { path in
      let found = facts.images[path]
      return BaseImage(path, setting.format ?? stored?.format ?? setting.format(of: found, at: path), found)
    }
    own = entry.ownName.map {
      let path = facts.folders.kept($0)
      return BaseImage(path, .qcow2, facts.images[path])
    }
  }
}

/// A disk of a definition, and where it stands there.
package struct DiskEntry: Sendable, Equatable {
  /// Such as `disks[0]`, or `image` for the one that the VM boots from.
  package let key: String
  package let setting: DiskSetting

  /// Where it says what the disk is.
  var sourceKey: String {
    switch setting.source {
    case _ where isBootImage: key
    case .file: key + ".file"
    case .image: key + ".image"
    case .blank: key + ".size"
    }
  }

  var sizeKey: String { isBootImage ? "imageSize" : key + ".size" }

  /// Where a member of it is written; all that the boot image has is in one place.
  func path(_ member: String) -> String { isBootImage ? key : key + "." + member }

  var isBootImage: Bool { key == Self.bootImage }
  fileprivate static let bootImage = "image"

  /// The file of the user's that it is; nil for one of the VM's own.
  package var userFile: String? { setting.file }

  /// What a disk of the VM's own is called, whatever stands beside it; nil for a file of the user's.
  package var ownName: String? {
    switch setting.source {
    case .file: nil
    case .blank: setting.name
    case .image(let image): setting.name ?? DiskNames.plain(image.baseName)
    }
  }
}

extension Settings {
  /// All disks: the image that is booted from, then those of the list.
  package var diskEntries: [DiskEntry] {
    var entries: [DiskEntry] = []
    if let image {
      var setting = DiskSetting(source: .image(image))
      setting.size = imageSize
      entries.append(DiskEntry(key: DiskEntry.bootImage, setting: setting))
    }
    return entries
      + (disks ?? []).enumerated().map { DiskEntry(key: "disks[\($0.offset)]", setting: $0.element) }
  }
}

extension FlatDefinition {
  /// The names of the image store that its disks stand on.
  package var storedImages: [String] {
    settings.diskEntries.compactMap(\.setting.storedName)
  }

  /// What its disks stand on that is downloaded.
  package var remoteImages: [RemoteImage] { settings.diskEntries.compactMap(\.setting.remoteImage) }

  /// What has to be downloaded before it can start: a disk that is there needs that no more.
  package func missingDownloads(_ facts: DiskFacts) -> [RemoteImage] {
    settings.diskEntries.compactMap { entry in
      DiskFiles(entry, facts).opened == nil ? entry.setting.remoteImage : nil
    }
  }

  /// Every path at which a file of its disks is or may be.
  package func diskPaths(_ store: StoreFacts, _ folders: DiskFolders) -> [String] {
    let facts = DiskFacts(store: store, folders: folders)
    return settings.diskEntries.flatMap { entry in
      let files = DiskFiles(entry, facts)
      return [files.source?.path, files.own?.path].compactMap(\.self)
    }
  }

  /// The disks of the VM's own that it has by this definition, by name.
  package var ownDisks: [String] { settings.diskEntries.compactMap(\.ownName) }
}
