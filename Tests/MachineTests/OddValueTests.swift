import Host
import JSON
import Machine
import Testing

@Suite("Odd values")
struct OddValueTests {
  @Test(
    "A value with commas, quotes, line ends or a leading dash reaches QEMU as itself",
    .timeLimit(.minutes(10)),
    arguments: [
      "-dash", "com,,ma,readonly=on", "say \"hi\" it's", "two\nlines", "json:{}", "nbd:host:1", "é%s\\n",
    ])
  func reachesQEMU(_ odd: String) throws {
    let folder = try TemporaryFolder()
    var host = Example.host
    host.emulator = try LiveQEMU.emulator.get()
    let definition = try VMDefinition(json: [
      "name": "web", "accelerator": "tcg", "kernel": .string(odd), "initrd": .string(odd + ".initrd"),
      "append": .string(odd), "disks": [["file": .string(odd + ".raw")]],
    ])
    var paths = LiveQEMU.paths(in: folder)
    paths.serialPorts[0] = MachinePaths.SerialPort(
      descriptor: paths.serialPorts[0].descriptor, log: folder.file("log" + odd))
    let machine = try Example.machine(definition, directory: folder.path, paths: paths, host: host)
    try StandInFiles.make(for: machine)
    let qemu = try LiveQEMU(machine, in: folder)
    for (property, value) in [
      ("kernel", folder.file(odd)), ("initrd", folder.file(odd + ".initrd")), ("append", odd),
    ] {
      let read = try qemu.execute("qom-get", ["path": "/machine", "property": .string(property)])
      #expect(read.string == value)
    }
    let nodes = try qemu.execute("query-named-block-nodes", ["flat": true]).array ?? []
    let disk = nodes.first { $0["node-name"]?.string?.hasPrefix("file-") == true }
    #expect(disk?["file"]?.string.map { $0.hasSuffix(odd + ".raw") } == true)
    #expect(FileSystem.exists(paths.serialPorts[0].log))
    #expect(try qemu.quit() == .code(0))
  }
}
