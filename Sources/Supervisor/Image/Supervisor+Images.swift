internal import Control
internal import Glibc
internal import Host
internal import Inspection
internal import JSON
internal import Machine

// The commands about the image store.
extension Supervisor {
  /// Each time another: what hangs on one holds up no other.
  var diskLane: Lane { Lane("the disks of all VMs") }

  func addImage(_ file: String, as given: String?) async throws(ControlError) -> JobReport {
    guard file.hasPrefix("/") else {
      throw ControlError(.failed, "Invalid parameter 'file': expected an absolute path, found '\(file)'")
    }
    let name = given ?? ImageName.customary(for: file)
    if let fault = ImageName.fault(in: name) {
      throw ControlError(
        .failed, "an image cannot be called '\(name)': \(fault)", advice: ["--name gives it another name."])
    }
    try await images.prepare()
    return try await jobs.begin(.imageAdd, subject: name, images.adding(file, as: name))
  }

  func verifyImages(_ name: String?) async throws(ControlError) -> JobReport {
    let wanted: [StoredImage]
    if let name { wanted = [try await images.image(name)] } else { wanted = try await images.list() }
    return try await jobs.begin(.imageVerify, subject: name, images.verifying(wanted))
  }

  /// Removes an image, unless a VM or what one has left stands on it.
  func removeImage(_ name: String) async throws(ControlError) {
    let image = try await images.image(name)
    let isShared = try await images.list().contains { $0.name != name && $0.sha256 == image.sha256 }
    if !isShared {
      let file = images.file(of: image)
      let identity = await diskLane.run(within: Self.disksPatience) {
        ImageInspection.image(at: file)?.identity
      }
      // From here on no start and no definition begins to stand on it, and those under way are waited for.
      if let identity = identity ?? nil { leavingImages[identity] = name }
      defer { if let identity = identity ?? nil { leavingImages[identity] = nil } }
      guard identity != nil, await letCommandsPass(), let users = await users(of: [file]) else {
        throw ControlError(
          .failed,
          "the image '\(name)' stays: not all disks of VMs could be looked at within \(Self.disksPatience.seconds) s",
          fact: .noAnswer, advice: ["A storage that hangs may hold one that stands on it."])
      }
      if let users = users[file], let first = users.first {
        let more = users.count > 1 ? ", and so do \(users.count - 1) more" : ""
        throw ControlError(
          .failed, "the image '\(name)' is in use: \(first) stands on it\(more)", fact: .imageInUse,
          advice: ["Give that VM another disk first; 'qemuvm disk rm' removes what 'qemuvm down' has left."])
      }
    }
    try await images.remove(image)
  }

  /// Returns when what each VM was told before is done, or takes too long; false when one's is not.
  private func letCommandsPass() async -> Bool {
    await withTaskGroup { group in
      for machine in machines.values { group.addTask { await machine.letCommandsPass() } }
      var havePassed = true
      for await hasPassed in group where !hasPassed { havePassed = false }
      return havePassed
    }
  }

  /// Refuses a VM an image that is being removed.
  func refuseLeavingImage(_ holding: ImageHolding) throws(ControlError) {
    guard !leavingImages.isEmpty,
      let (use, name) = holding.uses.lazy.compactMap({ use in
        self.leavingImages[use.identity].map { (use, $0) }
      }).first
    else { return }
    throw .cannot(
      "start", holding.vm, "\(use.key): it stands on the image '\(name)', which is being removed",
      .imageInUse,
      advice: ["'qemuvm image ls' shows whether it is there still."])
  }

  /// Removes contents that have no name and no user: the last step of a removal that was cut off.
  func removeNamelessImages() async {
    let nameless = await images.nameless()
    guard !nameless.isEmpty, let users = await users(of: nameless) else { return }
    await images.remove(nameless: nameless.filter { users[$0] == nil })
  }

  /// Who stands on each of the files; nil when not all disks could be looked at in time.
  func users(of files: [String]) async -> [String: [String]]? {
    var disks: [(file: String, owner: String)] = []
    // Where the names cannot be read, nothing is removed either.
    guard let stored = try? await images.list() else { return nil }
    for machine in machines.values {
      let name = machine.name
      let used = await machine.diskFiles(stored.map { ($0, images.file(of: $0)) }, state.path)
      disks += used.sorted().map { (file: $0, owner: "\(name)") }
    }
    let search = ImageUsers(disks: disks, kept: state.path + "/disks")
    return await diskLane.run(within: Self.disksPatience) { search.find(of: files) }
  }
}

extension VirtualMachine {
  /// Waits for the commands before this one, but for no longer than they wait for a disk.
  fileprivate func letCommandsPass() async -> Bool {
    let hasTurn = await enter(within: Self.diskPatience)
    if hasTurn { leave() }
    return hasTurn
  }

  /// The files of its disks, as they are defined and as its process has them; `stored` has those of the image store.
  fileprivate func diskFiles(_ stored: [(image: StoredImage, file: String)], _ state: String) -> Set<String> {
    var files = Set(report.images?.uses.map(\.image) ?? [])
    guard let record else { return files }
    let (named, remote) = (record.flat.storedImages, record.flat.remoteImages)
    let isMeant = { (image: StoredImage) in
      named.contains(image.name) || image.sources.contains(where: remote.contains)
    }
    files.formUnion(stored.filter { isMeant($0.image) }.map(\.file))
    files.formUnion(record.flat.diskPaths(StoreFacts(), .of(name, state: state)))
    return files
  }
}
