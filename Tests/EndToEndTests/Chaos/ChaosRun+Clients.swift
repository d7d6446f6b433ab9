import Host
import JSON

// What comes from outside: clients without manners, and a clock that is set.
extension ChaosRun {
  /// A client that harms itself alone.
  func rudeClient(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let way = dice.below(5)
    note("way \(way)")
    let raw = try ByteStream(connectingTo: fleet.controlSocket)
    // One that is dropped while it writes has got what it deserves.
    switch way {
    case 0:
      let junk = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &dice) }
      try? await raw.write(junk + Array("\n{}{}[\n".utf8))
    case 1: try? await raw.write(#"{"execute": "qmp_capa"#)
    case 2: try? await raw.write([UInt8](repeating: UInt8(ascii: "a"), count: 2 << 20) + [UInt8(ascii: "\n")])
    case 3:
      // Never reads: asks for more than the kernel keeps for it.
      let asking = Array((#"{"execute": "query-commands"}"# + "\n").utf8)
      try? await raw.write(#"{"execute": "qmp_capabilities"}"# + "\n")
      for _ in 0..<40 { try? await raw.write(Array(repeatElement(asking, count: 100).joined())) }
    default: break
    }
    try await run(["ls"], expecting: [0])
    try await run(.restart, on: step.guest, expecting: [ChaosCommand.restart.code(from: rest(step.guest))])
    await raw.close()
  }

  /// The wall clock is set, by libfaketime and for the supervisor alone; what is due comes nonetheless.
  func stepClock(_ step: ChaosPlan.Step) async throws {
    guard FileSystem.exists(Self.faketime) else { return skip("no clock to set: no \(Self.faketime)") }
    var dice = step.dice
    let clock = fleet.root + "/clock"
    try await killSupervisor()
    try FileSystem.replace(clock, with: Array("+0\n".utf8), durable: false)
    // A command would not hand the library on to the supervisor that it starts.
    let supervisor = try Program(
      "/bin/sh",
      [
        "-c", "exec \"$0\" supervisor run --ready-fd 4 4>&1 >>\"$1\" 2>&1 </dev/null &", Fleet.binary,
        fleet.state + "/supervisor.log",
      ],
      environment: fleet.environment + [
        "LD_PRELOAD=\(Self.faketime)", "FAKETIME_TIMESTAMP_FILE=\(clock)", "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_ONLY_CMDS=qemuvm",
      ], directory: "/")
    _ = try await supervisor.end(within: Self.patience)
    try await run(["ls"], expecting: [0])
    let offset = dice.pick(["+1d", "-1d", "+3650d", "-3650d", "+2s", "-2s"])
    note(offset)
    try FileSystem.replace(clock, with: Array((offset + "\n").utf8), durable: false)
    try await killGuest(step.guest)
    try await run(
      .restart, on: step.bystander, expecting: [ChaosCommand.restart.code(from: rest(step.bystander))])
  }

  private static let faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
}
