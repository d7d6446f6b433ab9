import JSON
import Machine

/// A VM, and a host to resolve it on, that are the same in every test.
enum Example {
  static let directory = "/lab"

  static let paths = MachinePaths(
    serialPorts: [
      MachinePaths.SerialPort(descriptor: 6, log: "/state/web/console.log"),
      MachinePaths.SerialPort(descriptor: 10, log: "/state/web/serial2.log"),
    ], firmwareROM: "/state/web/firmware.rom",
    firmwareConfig: "/state/web/fw-cfg", vncSocket: "/run/web/vnc.sock",
    uefiVariables: "/state/web/uefi-vars.fd",
    tpmState: "/state/disks/web/tpm", helpers: "/state/web",
    disks: DiskFolders(kept: "/state/disks/web", thrownAway: "/state/web"),
    firstBoot: FirstBootPlaces(folder: "/state/disks/web", ownKeys: "/state/ssh", hostAlias: "qemuvm-web"))

  static let emulator = Emulator(
    path: "/usr/bin/qemu-system-x86_64", version: Emulator.Version(major: 7, minor: 2, micro: 22),
    machines: [
      Emulator.MachineType(name: "pc-q35-7.2", alias: "q35", maxCPUs: 288),
      Emulator.MachineType(name: "pc-i440fx-7.2", alias: "pc", maxCPUs: 255),
      Emulator.MachineType(name: "microvm", maxCPUs: 288),
      Emulator.MachineType(name: "isapc", maxCPUs: 1),
      Emulator.MachineType(name: "none", maxCPUs: 1),
    ])

  static let host = HostFacts(
    emulator: emulator, kvm: .usable,
    firmware: HostFirmware(
      customary: UEFIFirmware.candidates[0], customarySecure: UEFIFirmware.secureCandidates[0],
      folders: ["/usr/share/qemu/firmware"]),
    store: StoreFacts(entries: [
      "debian-12": StoreFacts.Entry(path: "/state/images/content/1234", format: .qcow2),
      "iso": StoreFacts.Entry(path: "/state/images/content/5678", format: .raw),
    ]))

  static let uuid = UUID(high: 0x0123_4567_89AB_4CDE, low: 0x8F01_2345_6789_ABCD)

  /// The one VM of a lab file.
  static func definition(labFile text: String) throws -> VMDefinition {
    let file = try LabFile(parsing: Array(text.utf8), file: "qemuvm.json5", defaultLab: "lab")
    return file.vms[0]
  }

  /// The VM `web` with these keys, as a lab file would have them.
  static func definition(_ keys: String) throws -> VMDefinition {
    try definition(labFile: "{ vms: { web: {\(keys)} } }")
  }

  static func flat(_ definition: VMDefinition, directory: String = directory) throws -> FlatDefinition {
    let chain = try ProfileChain(definition.profile, askedAt: definition.origins["profile"])
    return FlatDefinition(definition, in: directory, over: chain)
  }

  static func machine(
    _ definition: VMDefinition, directory: String = directory, paths: MachinePaths = paths,
    host: HostFacts = host,
    after addresses: AddressPlan = AddressPlan()
  ) throws -> Machine {
    var paths = paths
    if paths.networks == nil, let lab = definition.name.lab {
      paths.networks = NetworkPaths(folder: "/state/networks", lab: lab, vm: definition.name.name)
    }
    return try Machine(
      resolving: try flat(definition, directory: directory), uuid: uuid, paths: paths, host: host,
      addresses: addresses)
  }

  static func machine(
    _ keys: String, host: HostFacts = host, after addresses: AddressPlan = AddressPlan()
  ) throws -> Machine {
    try machine(definition(keys), host: host, after: addresses)
  }
}
