import Dispatch
import Glibc
import Host
import Testing

@Suite("A child process")
struct ChildProcessTests {
  /// A shell that runs a script, its output going to a pipe.
  private func output(
    _ script: String, environment: [String] = ["PATH=/usr/bin:/bin"], directory: String? = nil,
    descriptors: [Int32: Int32] = [:]
  ) throws -> (text: String, status: Host.ExitStatus) {
    let pipe = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(
      program: "/bin/sh", arguments: ["-c", script], environment: environment)
    launch.descriptors = descriptors
    launch.descriptors[1] = pipe.writeEnd.rawValue
    launch.directory = directory
    let child = try ChildProcess(launch)
    let reader = pipe.takeReadEnd()
    var bytes: [UInt8] = []
    while case let piece = try reader.read(upTo: 4096), !piece.isEmpty { bytes += piece }
    return (String(decoding: bytes, as: UTF8.self), child.wait())
  }

  @Test("ends with its exit code", arguments: [0, 1, 42, 255] as [Int32])
  func exitCode(code: Int32) throws {
    #expect(try output("exit \(code)").status == .code(code))
  }

  @Test("ends with a signal, also one that looks like an exit code", arguments: [SIGKILL, SIGTERM, SIGSEGV])
  func signals(signal: Int32) throws {
    #expect(try output("kill -\(signal) $$").status == .signal(signal))
    #expect(try output("exit \(128 + signal)").status == .code(128 + signal))
  }

  @Test("gets its arguments, environment and folder and nothing else")
  func services() throws {
    let folder = try TemporaryFolder()
    let result = try output(
      "echo \"$A\"; pwd; env | grep -c ^HOME=", environment: ["A=b c"], directory: folder.path)
    #expect(result.text == "b c\n\(folder.path)\n0\n")
  }

  @Test("has only the descriptors it was given, at their numbers, whatever numbers they had here")
  func descriptors() throws {
    let folder = try TemporaryFolder()
    try folder.write("three", "3")
    try folder.write("five", "5")
    let three = try FileDescriptor.open(folder.file("three"), O_RDONLY)
    let five = try FileDescriptor.open(folder.file("five"), O_RDONLY)
    // Without close-on-exec: only the closing of all others keeps it from the child.
    let leak = dup(three.rawValue)
    defer { close(leak) }
    let script = "ls /proc/self/fd | tr '\\n' ' '; cat <&3; cat <&5"
    let result = try output(script, descriptors: [3: three.rawValue, 5: five.rawValue])
    // 4 is free, so the listing of the folder itself stands there.
    #expect(result.text == "0 1 2 3 4 5 35")
  }

  @Test("gets descriptors whose numbers are swapped, each at its own")
  func swappedDescriptors() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", "a")
    try folder.write("b", "b")
    let low = try FileDescriptor.open(folder.file("a"), O_RDONLY)
    let high = try FileDescriptor.open(folder.file("b"), O_RDONLY)
    let (a, b) = (low.rawValue, high.rawValue)
    #expect(try output("cat /proc/self/fd/\(a) /proc/self/fd/\(b)", descriptors: [a: b, b: a]).text == "ba")
  }

  @Test("does not hold another's pipe open")
  func pipesEnd() throws {
    let pipe = try FileDescriptor.pipe()
    let input = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: "/bin/cat", arguments: [])
    launch.descriptors = [0: input.readEnd.rawValue]
    let lingering = try ChildProcess(launch)
    let reader = pipe.takeReadEnd()
    #expect(try reader.read(upTo: 1).isEmpty)
    #expect(!lingering.hasExited)
    _ = consume input
    #expect(lingering.wait() == .code(0))
  }

  @Test("has a session of its own, no blocked signals and default signal actions")
  func cleanSlate() throws {
    let result = try output("cut -d' ' -f1,6 /proc/self/stat; grep -E 'SigBlk|SigIgn' /proc/self/status")
    let lines = result.text.split(separator: "\n")
    #expect(lines.count == 3)
    // The shell leads the session; what it runs is in it.
    let session = lines.first?.split(separator: " ").last.map(String.init)
    #expect(session.flatMap(Int32.init) != getsid(0))
    for line in lines.dropFirst() {
      let mask = try #require(line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
      // 32 and 33 are the C library's own, which posix_spawn(3) ignores in every child.
      #expect(mask & ~(1 << 31 | 1 << 32) == 0, "\(line)")
    }
  }

  @Test("that cannot be started says why")
  func missingProgram() {
    let error = #expect(throws: SystemError.self) {
      try ChildProcess(ChildProcess.Launch(program: "/no/such/program", arguments: []))
    }
    #expect(error == SystemError("posix_spawn", "/no/such/program", code: ENOENT))
  }

  @Test("tells its end on a queue, once, and takes no signal afterwards")
  func onExit() async throws {
    let input = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: "/bin/cat", arguments: [])
    launch.descriptors = [0: input.readEnd.rawValue]
    let child = try ChildProcess(launch)
    let (ends, feed) = AsyncStream.makeStream(of: Host.ExitStatus.self)
    let watch = child.onExit(queue: DispatchQueue(label: "exit")) { status in
      feed.yield(status)
      feed.finish()
    }
    #expect(child.signal(SIGTERM))
    #expect(await ends.collect() == [.signal(SIGTERM)])
    #expect(child.hasExited)
    #expect(!child.signal(SIGKILL))
    watch.cancel()
  }

  @Test("whose end is no longer awaited tells nothing")
  func cancelledWatch() async throws {
    let queue = DispatchQueue(label: "exit")
    let input = try FileDescriptor.pipe()
    var launch = ChildProcess.Launch(program: "/bin/cat", arguments: [])
    launch.descriptors = [0: input.readEnd.rawValue]
    let child = try ChildProcess(launch)
    let (ends, feed) = AsyncStream.makeStream(of: Host.ExitStatus.self)
    let watch = child.onExit(queue: queue) { feed.yield($0) }
    queue.sync { watch.cancel() }
    _ = consume input
    #expect(child.wait() == .code(0))
    // The source's cancel handler has run when the queue is empty again.
    queue.sync {}
    feed.finish()
    #expect(await ends.collect().isEmpty)
  }

  @Test("of another's is signalled by its pidfd, and its status is found out", arguments: [SIGKILL, SIGTERM])
  func adopted(signal: Int32) async throws {
    // The shell's child outlives it and belongs to whoever reaps orphans here, now or later.
    let script = "cat /dev/zero >/dev/null 2>&1 & echo $!"
    let orphan = try #require(Int32(output(script).text.dropLast()))
    let adopted = try ChildProcess(adopting: orphan)
    let (ends, feed) = AsyncStream.makeStream(of: Host.ExitStatus.self)
    let watch = adopted.onExit(queue: DispatchQueue(label: "adopted")) { status in
      feed.yield(status)
      feed.finish()
    }
    #expect(adopted.signal(signal))
    let status = await ends.collect()
    // A kernel before 6.15 does not tell once the process is reaped.
    #expect(status == [.signal(signal)] || status == [.unknown])
    #expect(adopted.hasExited)
    withExtendedLifetime(watch) {}
  }

  @Test("that is not there cannot be adopted")
  func adoptingNobody() {
    let error = #expect(throws: SystemError.self) { try ChildProcess(adopting: 0x3fff_fff0) }
    #expect(error?.code == ESRCH || error?.code == EINVAL)
  }

  @Test("is told of by waitpid(2)'s word")
  func waitStatus() {
    #expect(Host.ExitStatus(waitStatus: 0x0100) == .code(1))
    #expect(Host.ExitStatus(waitStatus: 0xff00) == .code(255))
    #expect(Host.ExitStatus(waitStatus: 9) == .signal(9))
    #expect(Host.ExitStatus(waitStatus: 0x80 | 11) == .signal(11))
  }
}
