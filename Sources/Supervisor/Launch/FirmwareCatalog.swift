internal import Host
internal import Machine

/// The UEFI firmware of this host, by the descriptors that its packages, its admin and its user have put there.
///
/// QEMU: docs/interop/firmware.json. Of files of one name the nearest folder's counts, an empty one hides those behind
/// it, and the names' order is the order of choice. It blocks.
struct FirmwareCatalog {
  /// The nearest first.
  let folders: [String]

  /// Where descriptors lie for a user and a QEMU; one that was installed elsewhere brings its own.
  init(environment: [String: String], emulator: String) {
    func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    let home = absolute("XDG_CONFIG_HOME") ?? absolute("HOME").map { $0 + "/.config" }
    var folders = [home, "/etc", "/usr/share"].compactMap { $0.map { $0 + "/qemu/firmware" } }
    // What cannot be resolved has no folder beside it.
    if let program = try? FileSystem.resolved(emulator) {
      let own = FileSystem.parent(of: FileSystem.parent(of: program)) + "/share/qemu/firmware"
      if !folders.contains(own) { folders.append(own) }
    }
    self.folders = folders
  }

  func firmware() -> HostFirmware {
    HostFirmware(
      descriptors: descriptors(),
      customary: Self.first(of: UEFIFirmware.candidates),
      customarySecure: Self.first(of: UEFIFirmware.secureCandidates), folders: folders)
  }

  private static func first(of candidates: [UEFIFirmware]) -> UEFIFirmware? {
    candidates.first { FileSystem.exists($0.code) && FileSystem.exists($0.variables) }
  }

  private func descriptors() -> [FirmwareDescriptor] {
    var files: [String: String] = [:]
    for folder in folders {
      // A folder that is not there has no descriptors.
      for name in (try? FileSystem.names(in: folder)) ?? []
      where name.hasSuffix(".json") && files[name] == nil {
        files[name] = "\(folder)/\(name)"
      }
    }
    return files.sorted { $0.key < $1.key }.compactMap { descriptor($0.value) }
  }

  /// Nil for one that hides others, says nothing, or names files that are not there.
  private func descriptor(_ file: String) -> FirmwareDescriptor? {
    guard let bytes = try? FileSystem.read(file), let read = FirmwareDescriptor(parsing: bytes, file: file)
    else { return nil }
    guard let image = read.image else { return read }
    return FileSystem.exists(image.code) && FileSystem.exists(image.variables) ? read : nil
  }
}
