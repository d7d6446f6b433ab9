internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// The files of the image store, STATE/images: contents by their checksums, and names that mean them.
///
/// `content/SHA256` is an image's bytes, `names/NAME.json` says which content a name means: two names of one content
/// share it. A file under a finished name is whole and durable: it was made beside it, under a name that ends in `.new`.
/// It blocks; what changes names is done by one at a time.
struct ImageStore: Sendable {
  let folder: String

  private var stored: StoredImages { StoredImages(folder: folder) }
  private var contents: String { stored.contents }
  private var names: String { stored.records }

  /// The file of a content.
  func content(_ sha256: String) -> String { stored.content(sha256) }

  /// Where a job makes a content, before its checksum is known.
  func draft(of job: String) -> String { FileSystem.temporaryName(for: contents + "/" + job) }

  /// What has come so far of a download, which the next one goes on from.
  func partial(of image: RemoteImage) -> String { "\(contents)/\(Self.partial)\(image.id)" }

  private static let partial = "partial-"

  /// How long it waits for that.
  private static let keptTime = Duration.seconds(7 * 86_400)

  /// Every name, sorted; a record that cannot be read is said in the log.
  func list() throws(SystemError) -> [StoredImage] {
    var images: [StoredImage] = []
    for name in try stored.names() {
      do {
        if let image = try image(name) { images.append(image) }
      } catch {
        Log.note("\(stored.record(of: name)) tells of no image: \(error)")
      }
    }
    return images
  }

  /// The image of a name; nil when there is none.
  func image(_ name: String) throws -> StoredImage? { try stored.image(name) }

  func makeFolders() throws(SystemError) {
    try FileSystem.makeDirectory(contents)
    try FileSystem.makeDirectory(names)
  }

  /// Gives a content that is whole its place and its name, durably; both or, after a crash, the content alone.
  ///
  /// A content that is there already stays, and the draft goes; without a draft it has to be there.
  func take(_ draft: String?, as image: StoredImage) throws(SystemError) {
    guard let draft else {
      guard FileSystem.isPresent(content(image.sha256)) else {
        throw SystemError("stat", content(image.sha256), code: SystemError.noSuchFile)
      }
      return try name(image)
    }
    do throws(SystemError) {
      try FileSystem.moveNew(draft, to: content(image.sha256))
      try FileSystem.sync(directory: contents)
    } catch {
      guard error.code == SystemError.fileExists else { throw error }
      try FileSystem.remove(draft)
    }
    try name(image)
  }

  private func name(_ image: StoredImage) throws(SystemError) {
    try FileSystem.replace(
      record(of: image.name), with: JSONValue.object(image.json).bytes(), durable: true)
  }

  /// Removes a name, and its content when no other name means it.
  func remove(_ image: StoredImage) throws(SystemError) {
    let isShared = try list().contains { $0.name != image.name && $0.sha256 == image.sha256 }
    try FileSystem.remove(record(of: image.name))
    try FileSystem.sync(directory: names)
    guard !isShared else { return }
    try FileSystem.remove(content(image.sha256))
    try FileSystem.sync(directory: contents)
  }

  /// Removes what a supervisor that is gone has left half made, and downloads that nobody has gone on with.
  func clear() {
    for folder in [contents, names] {
      // What cannot be listed or removed is in nobody's way.
      for name in (try? FileSystem.names(in: folder)) ?? [] {
        let path = folder + "/" + name
        guard FileSystem.isTemporary(name) || name.hasPrefix(Self.partial) && Self.isStale(path) else {
          continue
        }
        _ = try? FileSystem.remove(path)
      }
    }
  }

  private static func isStale(_ path: String) -> Bool {
    // One that cannot be read is not known to be.
    guard let version = try? FileDescriptor.open(path, O_RDONLY).version() else { return false }
    return Timestamp.now.microseconds * 1000 - version.changedAt > keptTime.nanoseconds
  }

  /// The contents that no name means: their last name went, and the host or the supervisor with it.
  func namelessContents() throws(SystemError) -> [String] {
    guard FileSystem.isPresent(contents) else { return [] }
    // A name that cannot be read may mean any of them.
    let known = try FileSystem.isPresent(names) ? FileSystem.names(in: names) : []
    let images = try list()
    guard images.count == known.count else { return [] }
    let named = Set(images.map(\.sha256))
    return try FileSystem.names(in: contents).filter {
      !named.contains($0) && !FileSystem.isTemporary($0) && !$0.hasPrefix(Self.partial)
    }.map(content)
  }

  func report(_ image: StoredImage) -> ImageReport {
    var report = ImageReport(
      name: image.name, sha256: image.sha256, format: image.format.rawValue, sizeBytes: image.size,
      addedAt: image.addedAt, file: content(image.sha256))
    report.url = image.sources.last?.shown
    return report
  }

  private func record(of name: String) -> String { stored.record(of: name) }
}
