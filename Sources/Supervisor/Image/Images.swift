internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import JSON
internal import Machine
internal import Synchronization

/// The image store of this supervisor.
///
/// Names change one at a time. What is asked of it runs on a lane of its own, and jobs on their own threads. Safe on
/// any thread.
final class Images: Sendable {
  private let store: ImageStore

  /// Its `PATH` says where the host's programs are.
  private let environment: [String: String]

  /// Where options for downloads lie; nil where there are none.
  private let locations: Locations?
  private let lane = Lane("the image store")

  /// Held while names and their contents change.
  private let naming = Mutex(())

  init(store: ImageStore, environment: [String: String], locations: Locations? = nil) {
    self.store = store
    self.locations = locations
    self.environment = environment
  }

  /// The file with an image's content.
  func file(of image: StoredImage) -> String { store.content(image.sha256) }

  /// Removes what a supervisor that is gone has left half made; before anything else is made.
  func clear() {
    let store = store
    lane.add { store.clear() }
  }

  /// Makes the store's folders where they are missing; what was half made is gone by then.
  func prepare() async throws(ControlError) {
    let store = store
    do throws(SystemError) {
      try await lane.run { () throws(SystemError) in try store.makeFolders() }
    } catch {
      throw ControlError(.failed, "the image store cannot be used: \(error)")
    }
  }

  func list() async throws(ControlError) -> [StoredImage] {
    let store = store
    do throws(SystemError) {
      return try await lane.run { () throws(SystemError) in try store.list() }
    } catch {
      throw ControlError(.failed, "the image store cannot be read: \(error)")
    }
  }

  func report(_ image: StoredImage) -> ImageReport { store.report(image) }

  /// The image of a name.
  func image(_ name: String) async throws(ControlError) -> StoredImage {
    let store = store
    // What cannot be a name leads to no file of the store's.
    let isName = ImageName.fault(in: name) == nil
    let found = await lane.run { Result { isName ? try store.image(name) : nil } }
    switch found {
    case .success(let image?): return image
    case .success(nil):
      throw ControlError(.failed, "there is no image '\(name)'", advice: ["'qemuvm image ls' lists them."])
    case .failure(let error): throw ControlError(.failed, "the image '\(name)' cannot be read: \(error)")
    }
  }

  func remove(_ image: StoredImage) async throws(ControlError) {
    do throws(SystemError) {
      try await lane.run { [self] () throws(SystemError) in
        try naming.withLock { _ throws(SystemError) in try store.remove(image) }
      }
    } catch {
      throw ControlError(.failed, "the image '\(image.name)' cannot be removed: \(error)")
    }
  }

  /// The contents that no name means.
  func nameless() async -> [String] {
    let store = store
    // What cannot be told stays for the next supervisor.
    return await lane.run { (try? store.namelessContents()) ?? [] }
  }

  /// Removes some of them, if they have no name still.
  func remove(nameless: [String]) async {
    await lane.run { [self] in
      naming.withLock { _ in
        // What cannot be told or removed stays for the next supervisor.
        for content in (try? store.namelessContents()) ?? [] where nameless.contains(content) {
          Log.note("\(content): an image without a name that nothing stands on; it is removed")
          _ = try? FileSystem.remove(content)
        }
      }
    }
  }

  // MARK: The work of jobs

  /// Takes a file in under a name; the same file under the same name again changes nothing.
  func adding(_ file: String, as name: String) -> Jobs.Work {
    { [self] task in
      let draft = store.draft(of: name)
      do {
        let content = try ImageImport(source: file, draft: draft, environment: environment).run(task)
        try task.advance()
        var image = StoredImage(
          name: name, sha256: content.sha256, format: content.format, size: content.size,
          addedAt: Timestamp.now.rfc3339)
        return try naming.withLock { _ in
          let other = try store.image(name)
          if let other, other.sha256 != image.sha256 { throw Self.taken(name) }
          image.sources = other?.sources ?? []
          try store.take(draft, as: image)
          return store.report(image).json
        }
      } catch {
        // One that stays is removed by the next supervisor.
        _ = try? FileSystem.remove(draft)
        throw error
      }
    }
  }

  /// Downloads an image in, under a name of the user's or, where another image has the customary one already, for a VM,
  /// under one of its own; what is there already is not downloaded.
  func pulling(_ source: RemoteImage, as given: String?, for user: PullUser, _ course: PullCourse)
    -> Jobs.Work
  {
    { [self] task in
      let pull = ImagePull(
        image: source, store: store, environment: environment, curlOptions: try curlOptions, course: course)
      let pulled = try pull.run(task)
      do {
        try task.advance()
        return try naming.withLock { _ in
          let name = try name(for: source, given, user, pulled.content.sha256)
          var image = StoredImage(
            name: name, sha256: pulled.content.sha256, format: pulled.content.format,
            size: pulled.content.size,
            addedAt: Timestamp.now.rfc3339)
          image.sources = (try store.image(name)?.sources ?? []).filter { $0 != source } + [source]
          try store.take(pulled.draft, as: image)
          return store.report(image).json
        }
      } catch {
        // One that stays is removed by the next supervisor, or is what the next download goes on from.
        if let draft = pulled.draft { _ = try? FileSystem.remove(draft) }
        throw error
      }
    }
  }

  /// The user's options for curl, which nobody else may have written: they name files.
  private var curlOptions: String? {
    get throws {
      guard let locations, FileSystem.isPresent(locations.curlOptions) else { return nil }
      do throws(UntrustedFile) {
        try locations.requireTrust(in: locations.curlOptions)
      } catch {
        throw JobFailure.failed("\(error)\n  \(locations.adviceOnTrust(in: error))")
      }
      return locations.curlOptions
    }
  }

  /// What a downloaded image is called.
  private func name(
    for source: RemoteImage, _ given: String?, _ user: PullUser, _ sha256: String
  ) throws -> String {
    let customary = ImageName.customary(for: source.imageName)
    let name = given ?? (ImageName.fault(in: customary) == nil ? customary : "image-" + sha256.prefix(8))
    guard let other = try store.image(name), other.sha256 != sha256 else { return name }
    guard user == .virtualMachine else { throw Self.taken(name) }
    return "\(name.prefix(ImageName.longest - 9))-\(sha256.prefix(8))"
  }

  private static func taken(_ name: String) -> JobFailure {
    .failed(
      """
      there is an image '\(name)' with another content
        Name this one otherwise with --name, or remove that one.
      """)
  }

  /// Reads images again, and tells which of them are not what they were.
  func verifying(_ images: [StoredImage]) -> Jobs.Work {
    { [self] task in
      for image in images { task.expect(image.size) }
      var faults: [String] = []
      for image in images {
        do {
          let file = try FileDescriptor.open(store.content(image.sha256), O_RDONLY)
          let sum = try ImageReading(environment: environment).checksum(of: file, task)
          if sum != image.sha256 {
            let change = "its SHA-256 is \(sum), not \(image.sha256)"
            faults.append("\(image.name): its content has changed: \(change)")
          }
        } catch let error as SystemError {
          faults.append("\(image.name): \(error)")
        }
      }
      guard faults.isEmpty else {
        let advice = "  'qemuvm image rm' removes an image, 'qemuvm image add' takes it in anew."
        throw JobFailure.failed((faults + [advice]).joined(separator: "\n"))
      }
      return ["images": .array(images.map { .string($0.name) })]
    }
  }
}
