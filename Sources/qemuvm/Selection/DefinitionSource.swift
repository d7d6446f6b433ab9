internal import Control
internal import Host
internal import Inspection
internal import JSON
internal import Machine

/// Where `up` and `create` take their VMs from: the lab file, what the supervisor knows, or options alone.
struct DefinitionSource: Sendable {
  /// A VM as the person calls it, and what the supervisor is told of it.
  struct Subject: Sendable {
    let label: String
    let subject: ControlRequest.Subject
  }

  /// A lab that is brought up as a whole, or some of its VMs.
  struct Lab: Sendable {
    let file: CurrentLab
    let definition: LabDefinition

    /// The VMs that were named; nil for all.
    let names: [String]?

    /// All that come up: those, and what they depend on.
    let labels: [String]

    /// How many of them start one behind the other; nil where one waits for what takes as long as it takes: that a guest
    /// is healthy, or has ended.
    let stages: Int?
  }

  /// What `up` sends: VMs one by one, and those of the lab file together.
  struct Plan: Sendable {
    var subjects: [Subject]
    var lab: Lab?
  }

  static let options: [any DeclaredOption] = [CommonOptions.file, profile, name] + SettingOption.options

  private static let profile = ValueOption(
    "profile", "PROFILE", .text, help: "Make a VM outside any lab from this profile and the settings below.",
    completion: .profiles)
  private static let name = ValueOption(
    "name", "NAME", .text, help: "That VM's name (default: the profile's).")

  /// A VM that is made of options alone.
  private struct Adhoc: Sendable {
    let name: VMName
    let settings: Settings
  }

  private let selection: VMSelection
  private let verb: String
  private let adhoc: Adhoc?

  init(_ given: GivenArguments, verb: String) throws(UsageError) {
    self.verb = verb
    selection = VMSelection(given)
    guard let profile = given[Self.profile] else {
      adhoc = nil
      try SettingOption.refuseBareRestart(given, verb: verb)
      let useless = (given.has(Self.name) ? ["--name"] : []) + SettingOption.names(in: given)
      guard useless.isEmpty else {
        throw UsageError(
          .combination("\(useless.joined(separator: ", ")): without --profile there is no VM to make"),
          verb: verb,
          hint: "'qemuvm update' changes a VM that is there.")
      }
      return
    }
    guard selection.names.isEmpty, selection.files.isEmpty else {
      throw UsageError(
        .combination("--profile makes one VM outside any lab, and takes no VM and no --file"), verb: verb,
        hint: "--name names the VM.")
    }
    var settings = try SettingOption.settings(in: given, verb: verb)
    settings.profile = profile
    adhoc = Adhoc(name: try Self.vmName(given[Self.name], profile: profile, verb: verb), settings: settings)
  }

  /// Whether all of a lab file is meant.
  var isWholeLab: Bool { adhoc == nil && selection.isWholeLab }

  private static func vmName(_ given: String?, profile: String, verb: String) throws(UsageError) -> VMName {
    let text = given ?? profile
    do throws(NameError) {
      return try VMName(text)
    } catch {
      let option = given == nil ? "--profile" : "--name"
      throw UsageError(
        .valueInvalid(of: option, text: text, reason: "is not a valid name: \(error)"), verb: verb)
    }
  }

  /// All VMs asked for, one by one, in the person's order or the file's.
  func subjects(in context: Context) throws -> [Subject] {
    if let adhoc { return [subject(adhoc, context)] }
    let (vms, lab) = try found(in: context)
    guard let lab, let file = try definitions(for: vms, in: lab, context) else { return named(vms) }
    let definitions = file.definitions
    try refuseSharedImages(vms.compactMap { definitions[$0.name] }, in: lab, context)
    return vms.map { vm in
      guard let definition = definitions[vm.name] else { return Subject(label: vm.name, subject: .named(vm)) }
      return Subject(
        label: vm.name,
        subject: .definition(
          Self.naming(context.emulator, definition).json, directory: lab.directory, file: lab.path))
    }
  }

  /// The same with the VMs of the lab file together, and with those that they depend on.
  func plan(in context: Context) throws -> Plan {
    if let adhoc { return Plan(subjects: [subject(adhoc, context)]) }
    let (vms, lab) = try found(in: context)
    guard let lab, let file = try definitions(for: vms, in: lab, context) else {
      return Plan(subjects: named(vms))
    }
    let definitions = file.definitions
    let names = vms.compactMap { definitions[$0.name]?.name.name }
    let wanted = LabOrder(file.vms.map { ($0.name.name, $0.dependencies) }).closure(of: names)
    let all = file.vms.filter { wanted.contains($0.name.name) }
    try refuseSharedImages(all, in: lab, context)
    return Plan(
      subjects: named(vms.filter { definitions[$0.name] == nil }),
      lab: Lab(
        file: lab,
        definition: LabDefinition(
          lab: file.lab, file: lab.path, directory: lab.directory, networks: file.networks.json,
          vms: file.vms.map { Self.naming(context.emulator, $0).json }),
        names: selection.names.isEmpty ? nil : names, labels: all.map(\.name.description),
        stages: Self.stages(of: all)))
  }

  private static func stages(of vms: [VMDefinition]) -> Int? {
    guard vms.allSatisfy({ $0.dependencies.allSatisfy { $0.condition == .started } }) else { return nil }
    return LabOrder(vms.map { ($0.name.name, $0.dependencies) }).startLayers.count
  }

  private func subject(_ adhoc: Adhoc, _ context: Context) -> Subject {
    let directory = FileSystem.currentDirectory
    let definition = VMDefinition(name: adhoc.name, settings: adhoc.settings.anchored(in: directory))
    return Subject(
      label: adhoc.name.description,
      subject: .definition(
        Self.naming(context.emulator, definition).json, directory: directory, file: nil))
  }

  private func found(in context: Context) throws -> ([VMReference], CurrentLab?) {
    let lab = try CurrentLab.find(selection.files, in: context)
    return (
      try VMSelection.references(selection.names, in: try lab?.outline(), of: lab?.path, verb: verb), lab
    )
  }

  /// The file's definitions; nil where it defines none of the VMs: it is not asked what it thinks of others.
  private func definitions(
    for vms: [VMReference], in lab: CurrentLab, _ context: Context
  ) throws -> LabFile? {
    let outline = try lab.outline()
    let inLab = Set(outline.vms.map { "\(outline.lab)/\($0)" })
    guard vms.isEmpty || vms.contains(where: { inLab.contains($0.name) }) else { return nil }
    return try lab.definitions(in: context)
  }

  private func named(_ vms: [VMReference]) -> [Subject] {
    vms.map { Subject(label: $0.name, subject: .named($0)) }
  }

  /// The definition with the QEMU that the environment names, unless it names one itself.
  ///
  /// The supervisor has an environment of its own, from whenever it was started.
  private static func naming(_ emulator: String?, _ definition: VMDefinition) -> VMDefinition {
    var definition = definition
    definition.settings.qemu = definition.settings.qemu ?? emulator
    return definition
  }

  /// VMs that are to run together cannot use one image that is written to: then none of them is started.
  private func refuseSharedImages(
    _ definitions: [VMDefinition], in lab: CurrentLab, _ context: Context
  ) throws(DefinitionError) {
    // The files are those of the other host, which looks at each VM's.
    guard context.far == nil else { return }
    let catalog = ProfileCatalog(context.locations, directory: lab.directory)
    var chains: [String: ProfileChain] = [:]
    let vms = definitions.compactMap { definition -> FlatDefinition? in
      // What is wrong with a profile is told by the supervisor, VM by VM.
      let chain = chains[definition.profile] ?? (try? catalog.chain(definition.profile, askedAt: nil))
      chains[definition.profile] = chain
      return chain.map { FlatDefinition(definition, in: lab.directory, over: $0) }
    }
    let problems = LabImages.problems(of: vms, alone: false, context)
    guard problems.isEmpty else { throw DefinitionError(problems) }
  }
}

extension LabFile {
  /// The definitions by the VMs' whole names.
  fileprivate var definitions: [String: VMDefinition] {
    Dictionary(vms.map { ($0.name.description, $0) }) { first, _ in first }
  }
}
