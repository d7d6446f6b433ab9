internal import Control
internal import Host
internal import Inspection
internal import JSON
internal import Machine

// The commands about disks that qemuvm has made.
extension Supervisor {
  /// How long the disks of all VMs may take to be looked at.
  static let disksPatience = Duration.seconds(10)

  private nonisolated var keptDisks: KeptDisks { KeptDisks(state: state.path) }

  /// Removes what was half made by a supervisor before.
  nonisolated func clearDiskDrafts() {
    let kept = keptDisks
    Lane("the disks of all VMs").add { kept.clear() }
  }

  func queryDisks() async throws(ControlError) -> JSONValue {
    let kept = keptDisks
    let names = try await images.list().map { (images.file(of: $0), $0.name) }
    let stored = Dictionary(names) { first, _ in first }
    let found = await Lane("the disks of all VMs").run(within: Self.disksPatience) {
      Result { () throws(SystemError) in try kept.list(stored: stored) }
    }
    guard let found else { throw Self.disksSilent("the disks cannot be listed") }
    let disks: [(vm: VMName, report: DiskReport)]
    do throws(SystemError) {
      disks = try found.get()
    } catch {
      throw ControlError(.failed, "the disks cannot be listed: \(error)")
    }
    var reports: [DiskReport] = []
    for (vm, disk) in disks {
      var report = disk
      report.use = Word(await machines[vm.id]?.use(of: disk.disk, at: disk.file) ?? .none)
      reports.append(report)
    }
    return .array(reports.map { .object($0.json) })
  }

  /// Removes a disk that nothing uses; nil stands for all that is kept of a VM that is gone.
  func removeDisk(_ disk: String?, of vm: VMReference) async throws(ControlError) {
    let name = try keptName(vm)
    // What cannot be a disk's name leads to no file.
    if let disk, disk.contains("/") { throw .noSuchDisk(disk, name) }
    try await with(name, creating: true) { machine throws(ControlError) in
      try await machine.removeDisk(disk) { files throws(ControlError) in
        try await self.users(of: files, before: name)
      }
    }
  }

  /// Removes all that an earlier `down` has left of a VM that is not on the list; throws the refusal where nothing is.
  func removeLeft(of vm: VMReference, or refusal: ControlError) async throws(ControlError) -> JSONValue {
    // What can be no VM's name leads to no file.
    guard refusal.fact == .noSuchVM, let name = try? VMName(parsing: vm.name) else { throw refusal }
    let reply = try await with(name, creating: true) { machine throws(ControlError) in
      try await machine.removeLeft { files throws(ControlError) in
        try await self.users(of: files, before: name)
      }
    }
    guard let reply else { throw refusal }
    return reply
  }

  /// The VMs of which something is kept, on the list or not.
  func leftVMs() async throws(ControlError) -> [VMName] {
    let kept = keptDisks
    let found = await diskLane.run(within: Self.disksPatience) {
      Result { () throws(SystemError) in try kept.vms() }
    }
    guard let found else { throw Self.disksSilent("what is left of VMs cannot be listed") }
    do throws(SystemError) {
      return try found.get()
    } catch {
      throw ControlError(.failed, "what is left of VMs cannot be listed: \(error)")
    }
  }

  private func users(
    of files: [String], before name: VMName
  ) async throws(ControlError) -> [String: [String]] {
    guard let users = await users(of: files) else { throw Self.disksSilent("the disks of \(name) stay") }
    return users
  }

  /// The VM that is meant, which need not be on the list any more.
  private func keptName(_ vm: VMReference) throws(ControlError) -> VMName {
    do throws(ControlError) {
      return try identify(vm)
    } catch {
      guard error.fact == .noSuchVM, let name = try? VMName(parsing: vm.name) else { throw error }
      return name
    }
  }

  private static func disksSilent(_ what: String) -> ControlError {
    ControlError(
      .failed, "\(what): not all disks of VMs could be looked at within \(disksPatience.seconds) s",
      fact: .noAnswer, advice: ["A storage that hangs may hold one that stands on them."])
  }
}

extension VirtualMachine {
  /// What holds a disk of this VM.
  func use(of disk: String, at file: String) -> DiskReport.Use {
    if run?.machine?.devices?.contains(where: { $0.file == file }) == true { return .running }
    return record?.flat.ownDisks.contains(disk) == true ? .defined : .none
  }

  /// Removes a disk of its own that nothing uses, or all that is kept of it; `users` looks who stands on some files.
  ///
  /// In its turn, like a user's command: no definition comes meanwhile that wants it.
  func removeDisk(
    _ disk: String?, _ users: @Sendable ([String]) async throws(ControlError) -> [String: [String]]
  ) async throws(ControlError) {
    await enter()
    defer { leave() }
    let folder = services.disks
    guard isDefined || disk != nil else {
      guard try await removeKept(users) else {
        throw .cannot(
          "remove the disks", name, "nothing is left of it",
          advice: ["'qemuvm disk ls' lists what there is."])
      }
      return
    }
    guard let disk else {
      throw .cannot(
        "remove all disks", name, "it is on the list", .wrongState,
        advice: ["'qemuvm down --disks \(name)' ends it and removes them."])
    }
    if let damage { throw .cannot("remove the disk '\(disk)'", name, "\(damage)", .damaged) }
    let file = DiskFolders(kept: folder, thrownAway: folder).kept(disk)
    guard await diskLane.run({ FileSystem.isPresent(file) }) else {
      guard try await strike(disk) else { throw .noSuchDisk(disk, name) }
      return note(.message("its disk '\(disk)', which was gone, was given up"))
    }
    if use(of: disk, at: file) != .none {
      throw .cannot(
        "remove the disk '\(disk)'", name, "it is in its definition", .imageInUse,
        advice: [
          "Bring the VM up without it first, or remove the VM with all its disks by 'qemuvm down --disks \(name)'."
        ])
    }
    try refuse(try await users([file]))
    _ = try await strike(disk)
    do throws(SystemError) {
      try await diskLane.run { () throws(SystemError) in
        try FileSystem.remove(file)
        try FileSystem.sync(directory: folder)
      }
    } catch {
      throw .cannot("remove the disk '\(disk)'", name, "\(error)")
    }
    note(.message("its disk '\(disk)' was removed"))
  }

  /// Lets a disk count as never made; false where it does so already.
  private func strike(_ disk: String) async throws(ControlError) -> Bool {
    let made = services.madeDisks
    switch await diskLane.run({ Result { try made.strike(disk) } }) {
    case .success(let wasMade): return wasMade
    case .failure(let error): throw .cannot("remove the disk '\(disk)'", name, "\(error)")
    }
  }

  /// Removes all that is kept of it when it is not on the list; nil where nothing is.
  func removeLeft(
    _ users: @Sendable ([String]) async throws(ControlError) -> [String: [String]]
  ) async throws(ControlError) -> JSONValue? {
    await enter()
    defer { leave() }
    guard !isDefined else {
      throw .cannot(
        "remove the disks", name, "it was brought up meanwhile", .superseded,
        advice: ["Give the command again if they are to go."])
    }
    guard try await removeKept(users) else { return nil }
    let (name, wish) = (name.full, wish)
    services.broadcast { VMEvent.removed(name, wish: wish).event }
    return answer(actions: [])
  }

  /// False where nothing is kept.
  private func removeKept(
    _ users: @Sendable ([String]) async throws(ControlError) -> [String: [String]]
  ) async throws(ControlError) -> Bool {
    let (folder, made) = (services.disks, services.madeDisks)
    let files: [String]
    let wereMade: Bool
    do throws(SystemError) {
      (files, wereMade) = try await diskLane.run { () throws(SystemError) in
        let isThere = try FileSystem.presence(of: folder)
        return (
          isThere ? try FileSystem.names(in: folder).map { folder + "/" + $0 } : [],
          try FileSystem.presence(of: made.file)
        )
      }
    } catch {
      throw .cannot("remove the disks", name, "\(error)")
    }
    guard !files.isEmpty || wereMade else { return false }
    try refuse(try await users(files))
    do throws(SystemError) {
      try await diskLane.run { () throws(SystemError) in
        try made.forget()
        try FileSystem.removeTree(folder)
      }
    } catch {
      throw .cannot("remove the disks", name, "\(error)")
    }
    note(.message("all its disks were removed"))
    return true
  }

  private func refuse(_ users: [String: [String]]) throws(ControlError) {
    guard let (file, owners) = users.sorted(by: { $0.key < $1.key }).first, let first = owners.first else {
      return
    }
    throw .cannot(
      "remove the disk '\(DiskFolders.disk(of: FileSystem.name(of: file)) ?? file)'", name,
      "\(first) stands on it", .imageInUse, advice: ["Give that VM another disk first."])
  }
}

extension ControlError {
  fileprivate static func noSuchDisk(_ disk: String, _ vm: VMName) -> ControlError {
    ControlError(
      .failed, "there is no disk '\(disk)' of its own", vm: vm.full, advice: ["'qemuvm disk ls' lists them."])
  }
}
