import Glibc
import Host

// Files and sockets that are deleted or damaged.
extension ChaosRun {
  func deleteControlSocket(_ step: ChaosPlan.Step) async throws {
    try FileSystem.remove(fleet.controlSocket)
    try await run(["ls"], expecting: [0])
  }

  /// Nobody can connect to the monitor any more: the next supervisor must have another way to its guest.
  func deleteMonitorSocket(_ step: ChaosPlan.Step) async throws {
    guard rest(step.guest).isLive, let process = try process(step.guest) else { return note("no QEMU") }
    try FileSystem.remove(path(step.guest, "monitor.sock"))
    try await killSupervisor()
    try await run(["ls"], expecting: [0])
    try await run(
      ["qmp", guests[step.guest].name, "query-status", "--timeout", "20s"], expecting: [0])
    guard try self.process(step.guest)?.pid == process.pid else {
      throw Violation(law: "guests outlive the supervisor", seen: "process \(process.pid) is gone")
    }
  }

  func deleteConsoleSocket(_ step: ChaosPlan.Step) async throws {
    guard rest(step.guest).isLive else { return note("no QEMU") }
    try FileSystem.remove(path(step.guest, "console.sock"))
    var dice = step.dice
    if dice.below(2) == 0 { try await killSupervisor() }
  }

  /// As a logout does.
  func deleteRuntimeFolder(_ step: ChaosPlan.Step) async throws {
    try FileSystem.removeTree(fleet.runtime)
    var dice = step.dice
    if dice.below(2) == 0 { try await killSupervisor() }
    try await run(["ls"], expecting: [0])
  }

  /// How a file is damaged.
  private enum Damage: CaseIterable {
    case empty, half, garbage, zeros

    func bytes(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
      switch self {
      case .empty: []
      case .half: Array(bytes.prefix(bytes.count / 2))
      case .garbage: (0..<max(1, bytes.count)).map { _ in UInt8.random(in: 128...255, using: &dice) }
      case .zeros: Array(repeating: 0, count: max(1, bytes.count))
      }
    }
  }

  /// A file of the state folder is damaged: that costs a guest its counters at most, and never a supervisor's start.
  func damageFile(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let emulators = (try FileSystem.names(in: fleet.state + "/emulators")).map {
      fleet.state + "/emulators/" + $0
    }
    let files: [[String]] = [
      [path(step.guest, "state.json")], [path(step.guest, "wanted")], [fleet.state + "/ledger.jsonl"],
      [fleet.state + "/format.json"], emulators, [fleet.state + "/supervisor.lock"],
    ]
    let damaged = dice.pick(files)
    try await damage(damaged, &dice)
    if damaged == files[0], rest(step.guest) == .failed {
      // That it was given up is forgotten; that it is wanted is not.
      rests[step.guest] = [.failed, .running]
    }
    // What followed an end may have been cut off behind it.
    if damaged == files[2] { (lastRecord, hasLostRecords) = (nil, true) }
  }

  /// What a VM is can no longer be read: that VM says so and how to mend it, a running guest runs on.
  func damageDefinition(_ step: ChaosPlan.Step) async throws {
    let (index, name) = (step.guest, guests[step.guest].name)
    var dice = step.dice
    let before = try process(index)?.pid
    guard rest(index) != .gone else { return note("no definition") }
    try await damage([path(index, "definition.json")], &dice)
    try await run(["ls"], expecting: [0])
    guard try process(index)?.pid == before else {
      throw Violation(law: "a damaged definition ends no guest", seen: "process \(before ?? 0) is gone")
    }
    let refused = try await run(["restart", name], expecting: [1])
    guard refused.errors.contains("definition.json") else {
      throw Violation(law: "an error names the file that is damaged, and the way out", seen: refused.errors)
    }
    try await run(["up", name], expecting: [rest(index) == .paused ? 1 : 0])
    rests[index] = rest(index) == .paused ? [.paused] : [.running]
  }

  /// Writes damage into files, before or after the supervisor's death: it reads them at its start.
  private func damage(_ files: [String], _ dice: inout Dice) async throws {
    let isAlive = dice.below(2) == 0
    let way = dice.pick(Damage.allCases)
    if !isAlive { try await killSupervisor() }
    for path in files {
      guard let bytes = try FileSystem.readIfPresent(path) else { continue }
      // In place, as a disk's error does it: another file in its place would be another lock.
      let file = try FileDescriptor.open(path, O_WRONLY | O_TRUNC)
      try file.write(way.bytes(bytes, &dice))
      note("\(way) \(path.dropFirst(fleet.state.count + 1))")
    }
    if isAlive {
      try await run(["ls"], expecting: [0])
      try await killSupervisor()
    }
  }
}
