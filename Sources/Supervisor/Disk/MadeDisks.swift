internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// Which disks of a VM's own have been made, and what they stand on: STATE/disks-made/ID.json.
///
/// It lies beside the disks and not among them: who loses their folder, or the storage that it lies on, is told. A disk
/// is entered when it is there, before a QEMU gets it, and struck out before it goes: whatever comes between, none that
/// was never used counts as lost. It blocks.
struct MadeDisks: Sendable {
  /// An image under a disk, as it was when the disk was made.
  struct Base: Sendable, Equatable {
    let path: String
    let version: DiskImage.Version
  }

  let file: String

  init(of name: VMName, state: String) { file = "\(Self.folder(state))/\(name.id)\(Self.suffix)" }

  private static let suffix = ".json"
  private static func folder(_ state: String) -> String { state + "/disks-made" }

  /// Every VM of which something is entered.
  static func vms(state: String) throws(SystemError) -> [VMName] {
    guard FileSystem.isPresent(folder(state)) else { return [] }
    return try FileSystem.names(in: folder(state)).compactMap { name in
      // Another file than a VM's is somebody else's.
      name.hasSuffix(suffix) ? try? VMName(id: String(name.dropLast(suffix.count))) : nil
    }
  }

  /// What has been made, by the disks' names.
  func read() throws -> [String: [Base]] {
    guard let bytes = try FileSystem.readIfPresent(file) else { return [:] }
    let disks: JSONObject = try JSONObject(json: try JSONValue(parsing: bytes)).required("disks")
    var made: [String: [Base]] = [:]
    for (disk, entry) in disks {
      let bases: [JSONObject] = try JSONObject(json: entry).required("standsOn")
      made[disk] = try bases.map(Base.init)
    }
    return made
  }

  private func write(_ made: [String: [Base]]) throws(SystemError) {
    var disks: JSONObject = [:]
    for (disk, bases) in made.sorted(by: { $0.key < $1.key }) {
      disks[disk] = ["standsOn": .array(bases.map { .object($0.json) })]
    }
    try FileSystem.makeDirectory(FileSystem.parent(of: file))
    try FileSystem.replace(file, with: JSONValue.object(["disks": .object(disks)]).bytes(), durable: true)
  }

  /// Enters the disks at these paths, which are there, durably.
  ///
  /// What one that is entered stands on stays as it was, unless that is another file by now.
  func enter(_ paths: [String]) throws {
    var made = try read()
    let before = made
    for path in paths {
      guard let disk = DiskFolders.disk(of: FileSystem.name(of: path)),
        let image = ImageInspection.image(at: path)
      else { continue }
      let bases = image.parts.compactMap { part in
        part.isWritten ? nil : part.version.map { Base(path: part.path, version: $0) }
      }
      if made[disk]?.map(\.path) != bases.map(\.path) { made[disk] = bases }
    }
    if made != before { try write(made) }
  }

  /// Strikes a disk out, durably; false where it was not entered.
  func strike(_ disk: String) throws -> Bool {
    var made = try read()
    guard made.removeValue(forKey: disk) != nil else { return false }
    if made.isEmpty { try forget() } else { try write(made) }
    return true
  }

  /// Strikes all of them out; false where there was none.
  @discardableResult
  func forget() throws(SystemError) -> Bool {
    guard try FileSystem.remove(file) else { return false }
    try FileSystem.sync(directory: FileSystem.parent(of: file))
    return true
  }
}

extension MadeDisks.Base {
  fileprivate var json: JSONObject {
    [
      "path": .string(path), "sizeBytes": JSONValue(version.size),
      "modifiedNanoseconds": JSONValue(version.modified),
    ]
  }

  fileprivate init(_ json: JSONObject) throws(JSONTypeError) {
    path = try json.required("path")
    version = DiskImage.Version(
      size: try json.required("sizeBytes"), modified: try json.required("modifiedNanoseconds"))
  }
}

// MARK: Before a start

extension MadeDisks {
  /// Refuses a start with a disk that was made and is gone, or whose image is not what it was made on.
  func check(
    _ definition: FlatDefinition, _ facts: DiskFacts, _ name: VMName
  ) throws(ControlError) {
    let entries = definition.settings.diskEntries
    guard entries.contains(where: { $0.ownName != nil }) else { return }
    let made: [String: [Base]]
    do {
      made = try read()
    } catch {
      throw .cannot(
        "start", name, "which disks of its own were made cannot be read: \(file): \(error)", .file,
        advice: ["If all of them are in \(facts.folders.kept), remove that file."])
    }
    for entry in entries {
      guard let disk = entry.ownName, let bases = made[disk] else { continue }
      let path = facts.folders.kept(disk)
      guard let found = facts.images[path] else { throw lost(entry.key, disk, path, name) }
      for base in bases {
        guard let part = found.parts.first(where: { $0.path == base.path }), let now = part.version,
          now != base.version
        else { continue }
        throw changed(entry.key, disk, path, base, now, name)
      }
    }
  }

  private func lost(_ key: String, _ disk: String, _ path: String, _ name: VMName) -> ControlError {
    let error = FileSystem.refusal(path)
    let isGone = error.map { $0.code == ENOENT || $0.code == ENOTDIR } ?? false
    let why = isGone ? "is gone" : "cannot be used" + (error.map { ": \($0.reason)" } ?? "")
    return .cannot(
      "start", name, "\(key): the VM's own disk \(path) \(why)", .file,
      advice: [
        "Put it back where it was, with all that was written to it.",
        "Or give up what was on it: 'qemuvm disk rm \(name) \(disk)', and the next start makes a new one.",
      ])
  }

  private func changed(
    _ key: String, _ disk: String, _ path: String, _ base: Base, _ now: DiskImage.Version, _ name: VMName
  ) -> ControlError {
    let (file, before) = (ShellText.quote(base.path), base.version)
    let isOther = now.size != before.size
    let words =
      isOther
      ? "it has \(now.size) bytes, and had \(before.size)" : "it was last written at another time than then"
    let way =
      isOther
      ? "Put back the image that the disk was made on."
      : "Put back the image that the disk was made on; if it is that, give it its time again: "
        + "'touch -d @\(before.modifiedInSeconds) \(file)'."
    return .cannot(
      "start", name,
      "\(key): \(base.path) was changed after the VM's own disk \(path) was made on it: \(words); what the guest "
        + "would find fits together no more", .file,
      advice: [
        way,
        "Or give up what was on the disk: 'qemuvm down \(name)', then 'qemuvm disk rm \(name) \(disk)', and the "
          + "next 'qemuvm up' makes a new one.",
      ])
  }
}

extension DiskImage.Version {
  /// As touch(1) takes it.
  fileprivate var modifiedInSeconds: String {
    let fraction = String(modified % 1_000_000_000)
    return "\(modified / 1_000_000_000).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
  }
}
