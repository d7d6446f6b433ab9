extension Machine {
  /// Decides every value of a machine, or reports all that stands against it.
  ///
  /// - Parameters:
  ///   - definition: what is asked for.
  ///   - uuid: the VM's own, the same at every start, where none is written.
  ///   - paths: where the VM's things lie.
  ///   - host: what the host and its QEMU can do.
  ///   - addresses: where the VM's devices have been so far.
  /// - Throws: all problems at once, each with the key's origin where it is known.
  package init(
    resolving definition: FlatDefinition, uuid: UUID, paths: MachinePaths, host: HostFacts,
    addresses: AddressPlan = AddressPlan()
  ) throws(DefinitionError) {
    let settings = definition.settings
    var resolver = MachineResolver(
      definition, uuid: settings.uuid ?? uuid, paths: paths, host: host, addresses: addresses)
    let accelerator = resolver.accelerator()
    resolver.decideType(under: accelerator.choice)
    let type = resolver.type
    resolver.decideSize()
    let devices = DeviceList(DeviceKind.all.flatMap { $0.devices(&resolver) })
    let plan = resolver.plan(for: devices)
    let smbios = resolver.smbios(on: type)
    resolver.checkArguments()
    resolver.checkCPU(settings.cpu)
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
    cpus = resolver.cpuCount
    memory = resolver.memorySize
    self.devices = devices
    self.addresses = plan
    clock = settings.rtc ?? .utc
    hasOwnUUID = settings.uuid != nil
    self.smbios = smbios
    restart = definition.restartPolicy
    stopTimeout = definition.stopTimeout
    extraArguments = settings.arguments?.words ?? []
    self.paths = paths
  }
}
