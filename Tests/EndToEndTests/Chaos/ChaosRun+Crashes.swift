import Glibc
import Host
import JSON
import Testing

// Processes that die, hang, or end themselves.
extension ChaosRun {
  /// A QEMU hangs: nobody else notices, and it can be got rid of.
  func freezeGuest(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let way = dice.below(4)
    let name = guests[step.guest].name
    guard let process = try process(step.guest) else { return note("no QEMU to stop") }
    process.signal(SIGSTOP)
    try await run(["ls"], expecting: [0])
    let other = rest(step.bystander)
    if step.bystander != step.guest {
      try await run(["status", guests[step.bystander].name], expecting: [other == .gone ? 3 : 0])
      try await run(.restart, on: step.bystander, expecting: [ChaosCommand.restart.code(from: other)])
    }
    switch way {
    case 0: try await run(["qmp", name, "query-status", "--timeout", "300ms"], expecting: [4])
    case 1: try await run(.kill, on: step.guest, expecting: [0])
    case 2:
      try await run(["stop", name, "--stop-timeout", "200ms"], expecting: [0])
      rests[step.guest] = [.stopped]
    default:
      try await killSupervisor()
      try await run(["ls"], expecting: [0])
    }
    process.signal(SIGCONT)
  }

  /// A guest powers itself off, panics or resets itself.
  func guestActs(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let act = dice.pick(["O", "P", "R"])
    let guest = guests[step.guest]
    guard guest.isObedient, rest(step.guest) == .running, let process = try process(step.guest) else {
      return note("no guest that could act")
    }
    let status = try await fleet.json("status", guest.name)
    guard let monitorPath = status["qmpSocket"]?.string, let consolePath = status["consoleSocket"]?.string
    else {
      throw Violation(law: "a running guest offers its monitor and its console", seen: "\(status)")
    }
    let monitor = try await PlainMonitor(connectingTo: monitorPath)
    let console = try ByteStream(connectingTo: consolePath)
    try await wake(console)
    try await console.write(act)
    let told = ["O": "SHUTDOWN", "P": "GUEST_PANICKED", "R": "RESET"]
    _ = try await monitor.event { $0["event"]?.string == told[act] }
    note("\(act) told \(told[act] ?? "")")
    switch act {
    case "O": rests[step.guest] = [guest.restAfterPowerOff()]
    case "P": rests[step.guest] = guest.restsAfterDeath([.running])
    default: break
    }
    if act != "R" { try await mustEnd(process) }
    await console.close()
    await monitor.close()
  }

  /// Types until the guest echoes: it may not have come so far yet.
  private func wake(_ console: ByteStream) async throws {
    for _ in 0..<20 {
      try await console.write("x")
      // Silence is what is tried against.
      if (try? await console.read(until: "x", within: .seconds(1))) != nil { return }
    }
    throw Violation(law: "a running guest echoes on its console", seen: "silence for 20 s")
  }

  /// A guest powers itself off while no supervisor is there.
  func guestEndsAlone(_ step: ChaosPlan.Step) async throws {
    let guest = guests[step.guest]
    guard !guest.isObedient, rest(step.guest) == .running, let process = try process(step.guest),
      let path = try await fleet.json("status", guest.name)["qmpSocket"]?.string
    else { return note("no guest that takes the power button") }
    let monitor = try await PlainMonitor(connectingTo: path)
    try await killSupervisor()
    try await pressUntilShutDown(monitor)
    rests[step.guest] = [guest.restAfterPowerOff()]
    try await run(["ls"], expecting: [0])
    try await mustEnd(process)
    await monitor.close()
  }

  /// Presses the power button until the guest takes it: a guest that has just begun may miss it.
  private func pressUntilShutDown(_ monitor: PlainMonitor) async throws {
    for _ in 0..<20 {
      try await monitor.execute("system_powerdown")
      // Silence is what is pressed against.
      if (try? await monitor.event(within: .seconds(1)) { $0["event"] == "SHUTDOWN" }) != nil { return }
    }
    throw Violation(law: "the hello guest honours its power button", seen: "silence for 20 s")
  }

  private func mustEnd(_ process: FleetProcess) async throws {
    guard await process.end(within: Self.patience) else {
      throw Violation(
        law: "a QEMU whose guest is off or has panicked is ended", seen: "process \(process.pid) lives")
    }
  }

  /// Supervisor and QEMUs die together, as when memory is short; the next command finds out.
  func killBoth(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let isGuestFirst = dice.below(2) == 0
    let others = dice.below(2) == 0 ? [step.bystander] : []
    if isGuestFirst { try await killGuest(step.guest) }
    try await killSupervisor()
    if !isGuestFirst { try await killGuest(step.guest) }
    for other in others where other != step.guest { try await killGuest(other) }
  }

  /// The supervisor hangs: its clients wait, or say after a while that it cannot be reached.
  func freezeSupervisor(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let way = dice.below(10)
    let supervisor = try fleet.supervisor()
    supervisor.signal(SIGSTOP)
    switch way {
    case 0:
      try await run(["ls"], expecting: [5])
      supervisor.signal(SIGCONT)
    case 1:
      // It is sent SIGTERM, and ends as soon as it goes on.
      try await run(["supervisor", "stop"], expecting: [4])
      supervisor.signal(SIGCONT)
      guard await supervisor.end(within: Self.patience) else {
        throw Violation(law: "a supervisor leaves on SIGTERM", seen: "\(supervisor.pid) is there still")
      }
    case 2...5:
      let listing = try fleet.start(["ls"])
      await letPass(dice.milliseconds(upTo: 200))
      supervisor.signal(SIGCONT)
      try await outcome(of: listing, expecting: [0])
    default:
      let listing = try fleet.start(["ls"])
      await letPass(dice.milliseconds(upTo: 200))
      await supervisor.kill()
      figures.supervisorKills += 1
      // The connection that it never took ends with it, or was never made.
      try await outcome(of: listing, expecting: [0, 5])
    }
  }
}
