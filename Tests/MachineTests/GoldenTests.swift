import Glibc
import Host
import JSON
import Machine
import Testing

@Suite("Golden files")
struct GoldenTests {
  @Test("There is a pair for each shipped profile and each key of a definition")
  func coverage() throws {
    let names = Set(Golden.all.map(\.name))
    #expect(names.isSuperset(of: BuiltinProfiles.names.map { "profile-\($0)" }))
    let keys = Set(try Golden.all.flatMap { try $0.definition().settings.json.keys })
    let all = Set(Everything.json.keys + ["memory"])
    #expect(all.subtracting(keys) == [])
  }

  @Test("A definition gives the arguments that stand beside it", arguments: Golden.all)
  func arguments(_ golden: Golden) throws {
    let text = Golden.text(of: try Example.machine(try golden.definition()).arguments)
    if Golden.regenerates { try golden.write(arguments: text) }
    #expect(text == (try golden.arguments()))
  }

  @Test(
    "The real QEMU accepts the arguments and answers on its monitor", .timeLimit(.minutes(10)),
    arguments: Golden.all)
  func accepted(_ golden: Golden) throws {
    let definition = try golden.definition()
    var host = Example.host
    host.emulator = try LiveQEMU.emulator.get()
    let hasKVM = FileSystem.isAccessible("/dev/kvm", writing: true)
    if definition.settings.accelerator != .kvm { host.kvm = .unusable("this test is about arguments") }
    guard host.kvm != .usable || hasKVM else { return }
    // The virtiofsd of Debian 12 is for root alone.
    if definition.settings.shares != nil, geteuid() != 0 { return }
    // What a test cannot make: devices that this host may not have, and memory that was set aside.
    let needs = try Example.machine(definition).hostNeeds.map(\.need)
    guard needs.allSatisfy(\.isOfEveryHost) else { return }
    let folder = try TemporaryFolder()
    let machine = try Example.machine(
      definition, directory: folder.path, paths: LiveQEMU.paths(in: folder), host: host)
    try StandInFiles.make(for: machine)
    let qemu = try LiveQEMU(machine, in: folder)
    #expect(try qemu.execute("query-status")["status"] == "prelaunch")
    #expect(try qemu.execute("query-name")["name"] == "web")
    #expect(try qemu.execute("query-uuid")["UUID"]?.string == machine.uuid.description)
    #expect(try qemu.quit() == .code(0))
    #expect(try qemu.errors.split(separator: "\n").filter { !$0.contains("doesn't support requested") } == [])
  }
}

extension HostNeed {
  /// Whether every host has it.
  fileprivate var isOfEveryHost: Bool {
    switch self {
    case .cpus: true
    case .numaNode, .hugePages, .pciDevice, .contextID: false
    }
  }
}
