import Glibc
import Host
import JSON
import Machine
import Testing

@Suite("The hello guest")
struct HelloGuestTests {
  private static let profiles: String = {
    let tests = FileSystem.parent(of: #filePath)
    return FileSystem.absolute("../../qemu-profiles", in: tests)
  }()

  @Test("Its ROM is what its source assembles to")
  func source() throws {
    let folder = try TemporaryFolder()
    try run(
      "gcc", "-x", "assembler-with-cpp", "-m32", "-c", Self.profiles + "/hello.S", "-o",
      folder.file("hello.o"))
    try run(
      "ld", "-m", "elf_i386", "-Ttext", "0", "--oformat", "binary", folder.file("hello.o"), "-o",
      folder.file("hello.rom"))
    let code = try FileSystem.read(folder.file("hello.rom"))
    #expect(code == (try FileSystem.read(Self.profiles + "/hello.rom")))
    #expect(code == BuiltinProfiles.firmware("hello"))
    #expect(code.count < 1024)
  }

  @Test("The doctor's guest is what its source assembles to")
  func longMode() throws {
    let folder = try TemporaryFolder()
    try run(
      "gcc", "-x", "assembler-with-cpp", "-m64", "-c", Self.profiles + "/long-mode.S", "-o",
      folder.file("long-mode.o"))
    try run(
      "ld", "-m", "elf_x86_64", "-Ttext", "0", "--oformat", "binary", folder.file("long-mode.o"), "-o",
      folder.file("long-mode.rom"))
    let code = try FileSystem.read(folder.file("long-mode.rom"))
    #expect(code == (try FileSystem.read(Self.profiles + "/long-mode.rom")))
    #expect(code == BuiltinProfiles.longModeGuest)
    #expect(code.count < 1024)
  }

  private func run(_ program: String, _ arguments: String...) throws {
    let child = try ChildProcess(
      ChildProcess.Launch(program: try LiveQEMU.program(program), arguments: arguments))
    let status = child.wait()
    guard status == .code(0) else { throw LiveQEMU.Failure(description: "\(program): \(status)") }
  }

  @Test("A ROM ends with a jump to its first byte")
  func image() {
    let image = FirmwareROM.image(of: [1, 2, 3])
    #expect(image.count == FirmwareROM.size)
    #expect(Array(image[..<4]) == [1, 2, 3, 0])
    #expect(Array(image[0xFFF0...]) == [0xE9, 0x0D, 0x00] + [UInt8](repeating: 0, count: 13))
  }

  @Test(
    "It says READY, echoes, and honours the power button", .timeLimit(.minutes(10)),
    arguments: ["pc", "q35"], [1, 2])
  func lives(_ type: String, _ cpus: Int) throws {
    let folder = try TemporaryFolder()
    var host = Example.host
    host.emulator = try LiveQEMU.emulator.get()
    let definition = try Example.definition(
      "profile: \"hello\", accelerator: \"tcg\", machine: \"\(type)\", cpus: \(cpus)")
    let machine = try Example.machine(
      definition, directory: folder.path, paths: LiveQEMU.paths(in: folder), host: host)
    let qemu = try LiveQEMU(machine, in: folder)
    let console = try UnixSocket.connect(to: folder.file("console.sock"))
    try qemu.execute("cont")
    #expect(try line(from: console) == "READY: hello from qemuvm\r\n")
    try console.write(Array("ab\r".utf8))
    #expect(try line(from: console) == "ab\r\n")
    try qemu.execute("set-action", ["shutdown": "poweroff"])
    try qemu.execute("system_powerdown")
    #expect(qemu.wait() == .code(0))
  }

  private func line(from console: borrowing FileDescriptor) throws -> String {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") {
      var poller = pollfd(fd: console.rawValue, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, 600_000) > 0 else { break }
      let more = try console.read(upTo: 1)
      if more.isEmpty { break }
      bytes += more
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
