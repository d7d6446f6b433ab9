/// Decides the values of one machine and collects what stands against them.
struct MachineResolver {
  let name: VMName
  let settings: Settings
  let host: HostFacts
  private let origins: Origins
  let uuid: UUID
  let paths: MachinePaths

  /// Where the VM's devices have been so far.
  let addresses: AddressPlan

  /// Decided before any device is.
  private(set) var type = MachineType(name: "", family: .other, options: [:])
  private(set) var cpuCount = 1
  private(set) var memorySize = ByteCount.mebibytes(1)
  private(set) var problems: [Problem] = []

  init(
    _ definition: FlatDefinition, uuid: UUID, paths: MachinePaths, host: HostFacts, addresses: AddressPlan
  ) {
    name = definition.name
    settings = definition.settings
    origins = definition.origins
    self.uuid = uuid
    self.paths = paths
    self.host = host
    self.addresses = addresses
  }

  mutating func report(_ path: String, _ reason: Problem.Reason) {
    problems.append(Problem(reason, path: path, origin: origins.nearest(to: path)))
  }

  mutating func report(_ path: String, _ why: String) { report(path, .invalid(why)) }

  /// The type; one that QEMU does not have is reported and stands in for itself.
  mutating func decideType(under accelerator: Machine.Accelerator) {
    guard let name = settings.machine?.type else { return report("machine", .missing("the machine type")) }
    let type = host.emulator.machines[name]
    if type == nil {
      let path = settings.machine?.isWhole == true ? "machine" : "machine.type"
      let emulator = host.emulator
      let nearest = nearestName(to: name, among: emulator.machines.keys.sorted())
      report(
        path,
        "QEMU \(emulator.version) has no machine type '\(name.clipped)'"
          + (nearest.map { "; did you mean '\($0)'?" } ?? "; see '\(emulator.program) -machine help'"))
    }
    let family = Machine.Family(typeName: type?.name ?? name)
    var options = settings.machine?.options ?? [:]
    if family == .microvm, accelerator == .tcg, options["acpi"] == nil {
      // With ACPI Linux looks for none of the clocks that it would need here without KVM's, and hangs at
      // boot.
      options["acpi"] = "off"
    }
    self.type = MachineType(name: name, family: family, options: options)
  }

  mutating func accelerator() -> (choice: Machine.Accelerator, note: String?) {
    switch (settings.accelerator ?? .auto, host.kvm) {
    case (.tcg, _): return (.tcg, nil)
    case (.auto, .usable), (.kvm, .usable): return (.kvm, nil)
    case (.auto, .unusable(let why)):
      return (.tcg, "KVM cannot be used, so the guest runs slower under TCG: \(why)")
    case (.kvm, .unusable(let why)):
      report("accelerator", "KVM cannot be used: \(why)")
      return (.kvm, nil)
    }
  }

  /// The number of CPUs, and how much memory they have.
  mutating func decideSize() {
    cpuCount = cpus()
    memorySize = memory(cpus: cpuCount)
  }

  private mutating func cpus() -> Int {
    let (cpus, key) = settings.cpus.map { ($0, "cpus") } ?? (settings.topology?.count ?? 1, "topology")
    if let most = host.emulator.machines[type.name]?.maxCPUs, cpus > most {
      report(key, "\(cpus) CPUs are more than the \(most) that the machine type '\(type.name)' takes")
    }
    return cpus
  }

  private mutating func memory(cpus: Int) -> ByteCount {
    guard let each = settings.memoryPerCPU else { return settings.memory ?? .mebibytes(512) }
    let most = ByteCount.gibibytes(16_384)
    guard let memory = each.multiplied(by: cpus), memory <= most else {
      report("memoryPerCPU", "\(each) for each of \(cpus) CPUs is more than \(most)")
      return each
    }
    return memory
  }

  /// A model that QEMU does not know; the features behind its commas are QEMU's to judge.
  mutating func checkCPU(_ cpu: String?) {
    let models = host.emulator.cpuModels
    guard let model = cpu?.prefix(while: { $0 != "," }).description, !models.isEmpty, !models.contains(model)
    else { return }
    let emulator = host.emulator
    let nearest = nearestName(to: model, among: models.sorted())
    report(
      "cpu",
      "QEMU \(emulator.version) has no CPU model '\(model.clipped)'"
        + (nearest.map { "; did you mean '\($0)'?" } ?? "; see '\(emulator.program) -cpu help'"))
  }

  mutating func checkRestart(_ policy: RestartPolicy) {
    guard policy.delay > policy.maxDelay else { return }
    let (delay, most) = (TimeText.text(policy.delay), TimeText.text(policy.maxDelay))
    report("restart.delay", "\(delay) is longer than 'maxDelay', \(most)")
  }

  mutating func checkHealth(_ health: HealthSetting?) {
    let reachesHost = settings.networks?.reachesHost == true
    switch health?.probe {
    case .port where !reachesHost:
      report("health.port", "a port is reached through the network 'user', which 'networks' does not list")
    case .ssh where !reachesHost:
      report("health.ssh", "ssh is reached through the network 'user', which 'networks' does not list")
    case .port, .ssh, nil: break
    }
    guard health?.console != nil, settings.serial?.count == 0 else { return }
    report("health.console", "a pattern needs the guest's console, which 'serial' has switched off")
  }

  /// Where each device is, by what was so far.
  mutating func plan(for devices: DeviceList) -> AddressPlan {
    var missing: [any Device] = []
    let plan = addresses.following(for: devices, on: type) { missing.append($0) }
    // A rule of its own may have told it in better words.
    if problems.isEmpty, let device = missing.first {
      report(device.key, "there is no room for one more on '\(type.name)'")
    }
    return plan
  }

  mutating func smbios(on type: MachineType) -> SMBIOSSetting? {
    guard let smbios = settings.smbios else { return nil }
    if !type.family.isPC {
      report("smbios", "SMBIOS works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    }
    return smbios
  }

  /// What a key decides is not decided once more by an argument behind it.
  mutating func checkArguments() {
    for (index, word) in (settings.arguments?.words ?? []).enumerated() {
      guard settings.rtc != nil, ExtraArguments.option(word) == "rtc" else { continue }
      report(
        "arguments[\(index)]",
        "'\(word)' is refused: the key 'rtc' is written as well; write only one of the two")
    }
  }

  /// Reports that a machine has no bus for what a key asks for.
  mutating func reportPCIMissing(_ path: String, _ what: String, _ wayOut: String) {
    report(path, "\(what) needs a PCI bus, which '\(type.name)' does not have; \(wayOut)")
  }
}
