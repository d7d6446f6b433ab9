extension Machine {
  /// Decides every value of a machine, or reports all that stands against it.
  ///
  /// - Parameters:
  ///   - definition: what is asked for.
  ///   - uuid: the VM's own, the same at every start, where none is written.
  ///   - places: where the VM's things lie.
  ///   - host: what the host and its QEMU can do.
  /// - Throws: all problems at once, each with the key's origin where it is known.
  package init(
    resolving definition: FlatDefinition, uuid: UUID, places: Places, host: HostFacts
  ) throws(DefinitionError) {
    var resolver = MachineResolver(definition, host: host)
    let settings = definition.settings
    let accelerator = resolver.accelerator()
    let type = resolver.boardType(under: accelerator.choice)
    let cpus = resolver.cpus(of: type)
    let memory = resolver.memory(cpus: cpus)
    let firmware = resolver.firmware(on: type)
    let kernel = resolver.kernel()
    let disks = resolver.disks(on: type)
    let networks = resolver.networks(uuid: settings.uuid ?? uuid, on: type)
    let serialPorts = resolver.serialPorts(on: type)
    let hasRNG = resolver.hasRNG(on: type)
    let usbDevices = resolver.usbDevices(on: type)
    let smbios = resolver.smbios(on: type)
    let watchdog = resolver.watchdog(on: type)
    resolver.checkArguments()
    resolver.checkRestart(definition.restartPolicy)
    resolver.checkHealth(definition.health)
    guard resolver.problems.isEmpty else { throw DefinitionError(resolver.problems) }

    name = definition.name
    self.uuid = settings.uuid ?? uuid
    profile = definition.profile
    emulator = host.emulator.path
    self.type = type
    self.accelerator = accelerator.choice
    acceleratorNote = accelerator.note
    cpu = settings.cpu ?? (accelerator.choice == .kvm ? "host" : "max")
    self.cpus = cpus
    self.memory = memory
    self.firmware = firmware
    self.kernel = kernel
    self.disks = disks
    self.networks = networks
    self.serialPorts = serialPorts
    self.hasRNG = hasRNG
    clock = settings.rtc ?? .utc
    hasOwnUUID = settings.uuid != nil
    self.smbios = smbios
    self.usbDevices = usbDevices
    hasPanicDevice = type.family.isPC && settings.hardware?.pvpanic ?? false
    self.watchdog = watchdog
    hotplugPorts = type.family == .q35 ? settings.hardware?.hotplugPorts ?? 0 : 0
    restart = definition.restartPolicy
    stopTimeout = definition.stopTimeout
    extraArguments = settings.arguments?.words ?? []
    self.places = places
  }
}

/// Decides the values of one machine and collects what stands against them.
struct MachineResolver {
  let settings: Settings
  let host: HostFacts
  private let origins: Origins
  private(set) var problems: [Problem] = []

  init(_ definition: FlatDefinition, host: HostFacts) {
    settings = definition.settings
    origins = definition.origins
    self.host = host
  }

  mutating func report(_ path: String, _ reason: Problem.Reason) {
    problems.append(Problem(reason, path: path, origin: origins.nearest(to: path)))
  }

  mutating func report(_ path: String, _ why: String) { report(path, .invalid(why)) }

  /// The type; one that QEMU does not have is reported and stands in for itself.
  mutating func boardType(under accelerator: Machine.Accelerator) -> Machine.BoardType {
    guard let name = settings.machine?.type else {
      report("machine", .missing("the machine type"))
      return Machine.BoardType(name: "", family: .other, options: [:])
    }
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
    return Machine.BoardType(name: name, family: family, options: options)
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

  mutating func cpus(of type: Machine.BoardType) -> Int {
    let cpus = settings.cpus ?? 1
    if let most = host.emulator.machines[type.name]?.maxCPUs, cpus > most {
      report("cpus", "\(cpus) CPUs are more than the \(most) that the machine type '\(type.name)' takes")
    }
    return cpus
  }

  mutating func memory(cpus: Int) -> ByteCount {
    guard let each = settings.memoryPerCPU else { return settings.memory ?? .mebibytes(512) }
    let most = ByteCount.gibibytes(16_384)
    guard let memory = each.multiplied(by: cpus), memory <= most else {
      report("memoryPerCPU", "\(each) for each of \(cpus) CPUs is more than \(most)")
      return each
    }
    return memory
  }

  mutating func firmware(on type: Machine.BoardType) -> Machine.Firmware {
    switch settings.firmware ?? .seabios {
    case .seabios: return .ofMachineType
    case .file(let path): return .rom(path: path)
    case .builtin(let name):
      if !type.family.isPC {
        report(
          "firmware",
          "the built-in firmware '\(name)' works with the machine types 'pc' and 'q35' only, not with '\(type.name)'"
        )
      }
      return .builtin(name: name)
    case .uefi:
      guard isUEFIMachine(type) else { return .ofMachineType }
      guard let found = host.firmware.plainUEFI(architecture: architecture, machine: versionedName(type))
      else {
        let places = (host.firmware.folders + ["/usr/share/OVMF"]).joined(separator: ", ")
        report(
          "firmware",
          "no UEFI firmware for '\(type.name)' was found in \(places); install the package 'ovmf' (on Fedora "
            + "'edk2-ovmf'), or name its files: firmware: { code: \"FILE\", variables: \"FILE\" }")
        return .ofMachineType
      }
      return .uefi(found, variables: host.keptVariables ?? found.variablesFormat, isWritten: false)
    case .uefiFiles(let files):
      guard isUEFIMachine(type) else { return .ofMachineType }
      return .uefi(files, variables: host.keptVariables ?? files.variablesFormat, isWritten: true)
    }
  }

  private mutating func isUEFIMachine(_ type: Machine.BoardType) -> Bool {
    if type.family.isPC { return true }
    report("firmware", "UEFI works with the machine types 'pc' and 'q35' only, not with '\(type.name)'")
    return false
  }

  /// The processor that the emulator emulates, by QEMU's name: machines with UEFI are PCs.
  private var architecture: String { host.emulator.program.hasSuffix("-i386") ? "i386" : "x86_64" }

  private func versionedName(_ type: Machine.BoardType) -> String {
    host.emulator.machines[type.name]?.name ?? type.name
  }

  mutating func kernel() -> Machine.Kernel? {
    guard let file = settings.kernel else {
      if settings.initrd != nil { report("initrd", "an initrd needs a kernel; write 'kernel' as well") }
      if settings.append != nil {
        report("append", "a kernel's command line needs a kernel; write 'kernel' as well")
      }
      return nil
    }
    return Machine.Kernel(file: file, initrd: settings.initrd, commandLine: settings.append)
  }

  mutating func checkRestart(_ policy: RestartPolicy) {
    guard policy.delay > policy.maxDelay else { return }
    let (delay, most) = (TimeText.text(policy.delay), TimeText.text(policy.maxDelay))
    report("restart.delay", "\(delay) is longer than 'maxDelay', \(most)")
  }

  mutating func checkHealth(_ health: HealthSetting?) {
    guard health?.console != nil, settings.serial?.count == 0 else { return }
    report("health.console", "a pattern needs the guest's console, which 'serial' has switched off")
  }
}
