import Host
import Testing

@Suite struct GuestsTests {
@Test func builds() async throws {
  print(try await Guests.firmware(.powerOff), try await Guests.linux())
  let p = try Program("/bin/sh", ["-c", "cat; echo x >&2; exit 3"], environment: [])
  try await p.input.write("hello\n")
  try await p.output.read(until: "hello\n")
  let o = try await p.end()
  #expect(o.code == 3 && o.errors == "x\n")
  let t = try Terminal("/bin/sh", ["-c", "stty raw -echo; read x; stty sane; echo done"], environment: ["PATH=/bin"], directory: "/")
  try await t.screen.write("a\n")
  try await t.screen.read(until: "done")
  #expect(await t.end() == .code(0))
}
}
