package import Control
internal import Glibc
internal import Host
internal import Inspection
package import JSON
package import Machine

/// The way from a definition to a launch: profiles are found, the machine is decided, what it needs is looked at.
///
/// What a person should know to be wrong is said here, before anything is promised or started. Any thread.
package struct Preparation: Sendable {
  /// How much of it is asked for.
  package enum Purpose: Sendable {
    /// QEMU is started next: files, disks and ports are looked at.
    case start

    /// It is to be valid, for a later start.
    case check

    /// It is only shown.
    case show
  }

  /// How long the files of a definition, and those of a VM, may take until a command fails.
  static let patience = Duration.seconds(10)

  let locations: Locations
  let state: StateDirectory
  let catalog: EmulatorCatalog
  let environment: [String: String]
  let lanes: Lanes
  let ports: FreePorts

  /// What a VM keeps between `down` and the next `up`.
  package func disks(of name: VMName) -> String { folders(of: name).kept }

  private func folders(of name: VMName) -> DiskFolders { .of(name, state: state.path) }

  // MARK: From a definition to a record

  /// Reads a definition as it came over the control socket and merges its profiles in.
  package func record(
    _ json: JSONObject, directory: String, file: String?
  ) async throws(ControlError) -> VMRecord {
    let name = json["name"]?.string.map { FullName($0, lab: json["lab"]?.string) }
    let definition: VMDefinition
    do throws(DefinitionError) {
      definition = try VMDefinition(json: .object(json))
    } catch {
      throw ControlError(.invalid, "\(error)", vm: name)
    }
    return try await inFolder(directory, name) { () throws(ControlError) in
      try record(definition, directory: directory, file: file)
    }
  }

  /// The same for a lab's VMs, in one go: each profile is read once.
  ///
  /// Throws where a definition is none, or they cannot stand beside each other; what is wrong with the profile of one
  /// VM is that VM's alone.
  func records(
    of lab: LabDefinition, on networks: LabNetworks
  ) async throws(ControlError) -> [(VMName, Result<VMRecord, ControlError>)] {
    var definitions: [VMDefinition] = []
    for json in lab.vms { definitions.append(try definition(json, in: lab)) }
    let found = Dictionary(grouping: definitions, by: \.name)
    if let twice = definitions.first(where: { found[$0.name]?.count ?? 0 > 1 })?.name {
      throw ControlError(.invalid, "it is defined twice", vm: twice.full)
    }
    try refuse(LabOrder.problems(of: definitions))
    let all = definitions
    let results = try await inFolder(lab.directory, nil) { () throws(ControlError) in
      let catalog = KnownProfiles(ProfileCatalog(locations, directory: lab.directory))
      return all.map { definition in
        Result { () throws(ControlError) in
          try record(definition, directory: lab.directory, file: lab.file, verb: nil, catalog.chain)
        }
      }
    }
    // A success is one whatever is wrong with another.
    let flat = results.compactMap { try? $0.get().flat }
    try refuse(LabOrder.problems(ofConditionsIn: flat) + networks.problems(ofCardsIn: flat))
    return Array(zip(definitions.map(\.name), results))
  }

  private func definition(_ json: JSONObject, in lab: LabDefinition) throws(ControlError) -> VMDefinition {
    let name = json["name"]?.string.map { FullName($0, lab: lab.lab) }
    var json = json
    if json["lab"] == nil { json["lab"] = .string(lab.lab) }
    let definition: VMDefinition
    do throws(DefinitionError) {
      definition = try VMDefinition(json: .object(json))
    } catch {
      throw ControlError(.invalid, "\(error)", vm: name)
    }
    guard definition.name.lab == lab.lab else {
      throw ControlError(.invalid, "it is no VM of the lab '\(lab.lab)'", vm: definition.name.full)
    }
    return definition
  }

  private func refuse(_ problems: [Problem]) throws(ControlError) {
    guard !problems.isEmpty else { return }
    throw ControlError(.invalid, "\(DefinitionError(problems))")
  }

  /// Profiles that were read already, for one reader.
  private final class KnownProfiles {
    private let catalog: ProfileCatalog
    private var chains: [String: ProfileChain] = [:]

    init(_ catalog: ProfileCatalog) {
      self.catalog = catalog
    }

    func chain(_ name: String, askedAt origin: Origin?) throws -> ProfileChain {
      if let chain = chains[name] { return chain }
      let chain = try catalog.chain(name, askedAt: origin)
      chains[name] = chain
      return chain
    }
  }

  /// Reads what lies in a folder of a user's, as long as that answers.
  private func inFolder<Value: Sendable>(
    _ directory: String, _ name: FullName?, _ work: @escaping @Sendable () throws(ControlError) -> Value
  ) async throws(ControlError) -> Value {
    let lane = lanes["the folder \(directory)"]
    let result = await lane.run(within: Self.patience) { Result(catching: work) }
    guard let result else { throw .silence(of: lane, "the folder \(directory)", for: Self.patience, name) }
    return try result.get()
  }

  /// `verb` is what cannot be done where it is wrong; nil where the words say it all.
  private func record(
    _ definition: VMDefinition, directory: String, file: String?, verb: String? = nil
  ) throws(ControlError) -> VMRecord {
    try record(
      definition, directory: directory, file: file, verb: verb,
      ProfileCatalog(locations, directory: directory).chain)
  }

  private func record(
    _ definition: VMDefinition, directory: String, file: String?, verb: String?,
    _ chain: (String, Origin?) throws -> ProfileChain
  ) throws(ControlError) -> VMRecord {
    let origin = definition.origins["profile"]
    let name = definition.name.full
    do {
      let chain = try chain(definition.profile, origin)
      return VMRecord(
        uuid: definition.settings.uuid ?? uuid(of: definition.name), definition: definition,
        directory: directory, file: file,
        flat: FlatDefinition(definition, in: directory, over: chain),
        profileFiles: chain.profiles.map(\.file))
    } catch let error as UntrustedFile {
      throw ControlError(
        .failed, "\(error)", vm: name, verb: verb, fact: .file, advice: [locations.adviceOnTrust(in: error)])
    } catch let error as DefinitionError {
      throw ControlError(.invalid, "\(error)", vm: name, verb: verb)
    } catch {
      let problem = Problem(.invalid("\(error)"), path: "profile", origin: origin)
      throw ControlError(.invalid, "\(problem)", vm: name, verb: verb)
    }
  }

  /// The record with some keys of its definition written anew.
  package func updated(
    _ record: VMRecord, with change: JSONObject, _ edits: ListEdits = ListEdits()
  ) async throws(ControlError) -> VMRecord {
    let name = record.definition.name.full
    let changed: VMDefinition
    var change = change
    do throws(ListEdits.Refusal) {
      for (key, value) in try edits.settings(of: record.flat, keeping: record.addresses) {
        change[key] = value
      }
    } catch {
      throw ControlError(.invalid, "\(error)", vm: name, verb: "update")
    }
    do throws(DefinitionError) {
      var definition = record.definition
      definition.settings = try Settings(json: .object(change)).merged(over: definition.settings)
      changed = definition
    } catch {
      throw ControlError(.invalid, "\(error)", vm: name, verb: "update")
    }
    return try await inFolder(record.directory, name) { () throws(ControlError) in
      var next = try self.record(changed, directory: record.directory, file: record.file, verb: "update")
      next.holder = record.holder
      return next
    }
  }

  /// The UUID of a VM that has none written: the same for the same VM of this state folder, each time it is created, so that its guest knows itself again.
  private func uuid(of name: VMName) -> UUID {
    var hash = FNV1a<UInt128>()
    hash.add(state.machine)
    hash.add(state.path)
    hash.add(name.id)
    return hash.uuid
  }

  // MARK: From a record to a launch

  /// Decides every value of the VM's machine, on the lane of its files.
  ///
  /// `others` are the images of the VMs beside which it is to run. With `isPatient` it waits for the files as long as
  /// they take.
  func launch(
    _ record: VMRecord, folder: VMFolder, purpose: Purpose, others: [ImageHolding], lane: Lane,
    isPatient: Bool
  ) async throws(ControlError) -> Launch {
    let name = record.definition.name
    let emulator: Emulator
    do throws(EmulatorCatalog.Failure) {
      emulator = try await catalog.emulator(record.flat.settings.qemu)
    } catch {
      throw .cannot("start", name, "\(error)", .qemu, advice: error.advice)
    }
    let work: @Sendable () throws(ControlError) -> Launch = { () throws(ControlError) in
      try resolve(record, folder, emulator, purpose, others, lane)
    }
    if isPatient { return try await lane.run(work) }
    let result = await lane.run(within: Self.patience) { Result(catching: work) }
    guard let result else { throw .silence(of: lane, "its files", for: Self.patience, name.full) }
    return try result.get()
  }

  /// The part that looks at the host's files and devices, which may block.
  private func resolve(
    _ record: VMRecord, _ folder: VMFolder, _ emulator: Emulator, _ purpose: Purpose,
    _ others: [ImageHolding], _ lane: Lane
  ) throws(ControlError) -> Launch {
    let name = record.definition.name
    let wantsKVM = record.flat.settings.accelerator != .tcg
    let paths = paths(name, folder)
    let wantsUEFI = record.flat.settings.firmware?.isUEFI == true
    let disks = ImageInspection.facts(of: record.flat, in: paths.disks, .of(state: state.path)) {
      lane.reach($0)
    }
    let host = HostFacts(
      emulator: emulator, kvm: wantsKVM ? KVM.availability() : .usable,
      firmware: wantsUEFI
        ? FirmwareCatalog(environment: environment, emulator: emulator.path).firmware() : HostFirmware(),
      keptVariables: wantsUEFI
        ? keptVariables(paths, isSecure: record.flat.settings.firmware == .secureUEFI) : nil,
      images: disks.images, store: disks.store,
      ports: purpose == .show
        ? ports.known(name)
        : ports.choose(name, record.flat.settings.forwards, keeping: purpose == .check))
    let machine: Machine
    do throws(DefinitionError) {
      machine = try Machine(
        resolving: record.flat, uuid: record.uuid, paths: paths, host: host,
        addresses: addresses(of: record))
    } catch {
      throw ControlError(.invalid, "\(error)", vm: name.full)
    }
    let images = ImageCheck(
      holding: ImageHolding(vm: name, uses: record.flat.imageUses(disks)), state: state.path)
    let tool = DiskTool.find(beside: emulator.path, environment: environment)
    let firstBootTools = FirstBootTools.find(environment: environment)
    let missing = record.flat.missingDownloads(disks)
    if purpose != .show {
      for image in missing {
        guard let words = ImagePull.missingProgram(for: image, environment) else { continue }
        throw .image(image, .failed(words), name)
      }
      try checkHost(for: machine, name, folder, record.flat.origins, lane)
      try MadeDisks(of: name, state: state.path).check(record.flat, disks, name)
      try NewImages(machine.ownImages, found: disks.images, name, state.path).check(tool)
      if let kind = machine.firstBoot?.missing(firstBootTools) {
        throw HostTool.Failure.missing(kind).refusal(name)
      }
      try images.check(beside: others, starting: purpose == .start)
      try lookAtHost(for: machine, name, purpose, record.flat.origins)
      if !machine.hasHugePages, let words = HostMemory.refusal(machine.memory) {
        throw .cannot(
          "start", name, "memory: \(words)",
          advice: ["Give the VM less with the key memory: 'free -h' shows what there is."])
      }
      if purpose == .start { try lookAtPorts(of: machine, name) }
    }
    let helpers = try helpers(
      of: machine, in: folder, record.flat.origins, isShown: purpose == .show)
    return Launch(
      machine: machine, program: emulator.path, arguments: machine.arguments,
      files: machine.filesToPrepare + keptAddresses(machine.addresses, name), helpers: helpers,
      missingImages: missing, images: images, diskTool: tool, firstBootTools: firstBootTools)
  }

  /// Where a VM's devices have been so far, also by what its last start has kept: a definition that was promised and
  /// taken in by a later supervisor was placed by no command, and `down` leaves no more than that of a VM.
  private func addresses(of record: VMRecord) -> AddressPlan {
    // Without them the devices are placed as those of a new VM.
    let bytes = try? FileSystem.readIfPresent(addressFile(of: record.definition.name))
    let kept = bytes.flatMap { try? AddressPlan(json: JSONValue(parsing: $0)) } ?? AddressPlan()
    return record.addresses?.completed(by: kept) ?? kept
  }

  /// The same, kept beside the disks for the next `up` behind a `down`.
  private func keptAddresses(_ plan: AddressPlan, _ name: VMName) -> [FileToPrepare] {
    plan.entries.isEmpty ? [] : [.write(bytes: plan.json.bytes(), to: addressFile(of: name))]
  }

  private func addressFile(of name: VMName) -> String { disks(of: name) + "/addresses.json" }

  /// The format of the VM's own UEFI variables; nil where it has none yet.
  private func keptVariables(_ paths: MachinePaths, isSecure: Bool) -> FlashFormat? {
    [.raw, .qcow2].first { FileSystem.exists(paths.uefiVariables($0, isSecure: isSecure)) }
  }

  private func paths(_ name: VMName, _ folder: VMFolder) -> MachinePaths {
    MachinePaths(
      monitorDescriptor: Launch.monitorDescriptor, userMonitorDescriptor: Launch.userMonitorDescriptor,
      serialPorts: Launch.serialPorts.enumerated().map {
        MachinePaths.SerialPort(descriptor: $0.element.descriptor, log: folder.serialLog($0.offset + 1))
      },
      firmwareROM: folder.firmware, firmwareConfig: folder.firmwareConfig,
      vncSocket: Locations.vnc(in: locations.runtime(of: name)),
      uefiVariables: disks(of: name) + "/uefi-vars.fd", tpmState: disks(of: name) + "/tpm",
      helpers: folder.path, disks: folders(of: name),
      firstBoot: .of(name, state: state.path),
      networks: name.lab.map { NetworkPaths(folder: state.networks, lab: $0, vm: name.name) })
  }

  /// What QEMU would only say after its start, or not at all: in words of ours, with the key.
  private func checkHost(
    for machine: Machine, _ name: VMName, _ folder: VMFolder, _ origins: Origins, _ lane: Lane
  ) throws(ControlError) {
    let path = locations.longestSocket(of: name)
    if path.utf8.count > UnixSocket.longestPath {
      throw .cannot(
        "start", name,
        """
        the path of its socket has \(path.utf8.count) bytes, and a socket's has \(UnixSocket.longestPath) at most: \
        \(path)
        """, advice: ["Name a shorter runtime folder with QEMUVM_RUNTIME_DIR."])
    }
    for (key, path) in machine.cardSockets where path.utf8.count > UnixSocket.longestPath {
      throw .cannot(
        "start", name,
        """
        \(key): the path of its card's socket has \(path.utf8.count) bytes, and a socket's has \
        \(UnixSocket.longestPath) at most: \(path)
        """,
        advice: Self.place(key, origins) + [
          "Give the VM, its network or its lab a shorter name, or name a shorter state folder with QEMUVM_STATE_DIR."
        ])
    }
    for file in machine.requiredFiles {
      lane.reach(file.path)
      guard let error = Self.refusal(file) else { continue }
      throw .cannot(
        "start", name, "\(file.key) \(file.path): \(error.reason)", .file,
        advice: Self.place(file.key, origins) + Self.advice(on: file, error))
    }
    try checkFirmware(of: machine, origins)
  }

  private static func refusal(_ file: RequiredFile) -> SystemError? {
    if let error = FileSystem.refusal(file.path, writing: file.isWritten) { return error }
    guard file.kind == .folder, !FileSystem.isDirectory(file.path) else { return nil }
    return SystemError("stat", file.path, code: ENOTDIR)
  }

  /// Where a key was written.
  static func place(_ key: String, _ origins: Origins) -> [String] {
    origins.nearest(to: key).map { ["It is named at \($0)."] } ?? []
  }

  /// What to do about a file that cannot be used.
  private static func advice(on file: RequiredFile, _ error: SystemError) -> [String] {
    let path = file.path
    return switch (error.code, file.kind) {
    case (ENOENT, .disk):
      ["Put it there, or make an empty one: qemu-img create -f qcow2 \(ShellText.quote(path)) 20G"]
    case (ENOENT, .image):
      ["Put it there, or name another image: 'qemuvm image ls' lists those of the store."]
    case (ENOENT, .folder): ["Make that folder, or name another."]
    case (ENOENT, .other): ["Put it there, or name another."]
    case (EACCES, _), (EPERM, _):
      ["'ls -l \(ShellText.quote(path))' shows who may; QEMU runs as \(User.name(geteuid()))."]
    default: []
    }
  }
}
