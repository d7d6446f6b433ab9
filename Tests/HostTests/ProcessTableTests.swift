import Glibc
import Host
import Testing

@Suite("The process table")
struct ProcessTableTests {
  @Test("tells a process's arguments, files and use, and nothing when it is gone")
  func childProcess() throws {
    let folder = try TemporaryFolder()
    try folder.write("held", "")
    let held = try FileDescriptor.open(folder.file("held"), O_RDONLY)
    let input = try FileDescriptor.pipe()
    let output = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: "/bin/cat", arguments: ["-", "a b"])
    launch.descriptors = [0: input.readEnd.rawValue, 1: output.writeEnd.rawValue, 7: held.rawValue]
    let before = Timestamp.now.microseconds
    let child = try ChildProcess(launch)
    // The kernel fills the arguments in a moment after the child may run: once it answers, they are there.
    try input.writeEnd.write([1])
    #expect(try output.readEnd.read(upTo: 1) == [1])
    defer {
      child.signal(SIGKILL)
      _ = child.wait()
    }
    #expect(ProcessTable.arguments(pid: child.pid) == ["/bin/cat", "-", "a b"])
    #expect(ProcessTable.heldFile(pid: child.pid, descriptor: 7) == folder.file("held"))
    #expect(ProcessTable.heldFile(pid: child.pid, descriptor: 8) == nil)
    try FileSystem.remove(folder.file("held"))
    #expect(ProcessTable.heldFile(pid: child.pid, descriptor: 7) == folder.file("held"))
    #expect(ProcessTable.use(pid: child.pid).map { $0.residentBytes > 0 } == true)
    // The kernel counts in ticks, a hundredth of a second each.
    let start = try #require(ProcessTable.startTime(pid: child.pid)).microseconds
    #expect(start >= before - 20_000 && start <= Timestamp.now.microseconds + 20_000)
    #expect(ProcessTable.startTime(pid: 0x3fff_fff0) == nil)
    #expect(ProcessTable.arguments(pid: 0x3fff_fff0) == nil)
    #expect(ProcessTable.use(pid: 0x3fff_fff0) == nil)
    _ = consume input
  }
}
