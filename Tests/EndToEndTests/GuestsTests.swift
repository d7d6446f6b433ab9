import Host
import Testing

@Suite struct GuestsTests {
  @Test(
    "The firmware guest is built to the size that -bios takes", arguments: [Guests.FirstAct.nothing, .panic])
  func firmware(act: Guests.FirstAct) async throws {
    #expect(try FileSystem.read(try await Guests.firmware(act)).count == 65536)
  }

  @Test("A program's outcome is its exit code and both outputs")
  func outcome() async throws {
    let program = try Program("/bin/sh", ["-c", "cat; echo words >&2; exit 3"], environment: [])
    try await program.input.write("line\n")
    #expect(try await program.output.read(until: "line\n") == "line\n")
    let outcome = try await program.end()
    #expect(outcome.code == 3)
    #expect(outcome.errors == "words\n")
  }

  @Test("A process left behind with the program's output is noticed")
  func heldOutput() async throws {
    let holder = try Program(
      "/bin/sh", ["-c", "tail -f /dev/null & echo $!"], environment: ["PATH=/usr/bin:/bin"])
    let line = try #require(try await holder.output.readLine())
    let tail = try ChildProcess(adopting: try #require(Int32(String(decoding: line, as: UTF8.self))))
    await #expect(throws: ByteStream.Unheard.self) { try await holder.end(within: .milliseconds(200)) }
    tail.signal(9)
  }

  @Test("A terminal tells raw mode from the usual one")
  func terminal() async throws {
    let terminal = try Terminal(
      "/bin/sh", ["-c", "stty raw -echo; echo raw; read x; stty sane; echo done"],
      environment: ["PATH=/usr/bin:/bin"], directory: "/")
    try await terminal.screen.read(until: "raw")
    #expect(try terminal.isRaw)
    try await terminal.screen.write("\n")
    try await terminal.screen.read(until: "done")
    #expect(await terminal.end() == .code(0))
    #expect(try !terminal.isRaw)
  }
}
