import Glibc
import Host

// A state folder that cannot be written.
extension ChaosRun {
  /// No space: promises are refused, old ones kept, and a stop stops.
  func fullDisk(_ step: ChaosPlan.Step) async throws {
    guard hasOwnDisk else { return skip("no disk of its own to fill: mount(8) is refused here") }
    let ballast = fleet.state + "/ballast"
    try fill(ballast)
    hasLostRecords = true
    try await refusePromise(to: step.guest, because: "space")
    var dice = step.dice
    var isUnrecorded = false
    switch dice.below(4) {
    case 0: isUnrecorded = try await stopAnyway(step.bystander)
    case 1: try await killGuest(step.guest)
    case 2:
      try await killSupervisor()
      try await run(["ls"], expecting: [0, 1, 5])
    default: break
    }
    try FileSystem.remove(ballast)
    if isUnrecorded { try await run(.stop, on: step.bystander, expecting: [0]) }
  }

  /// A file system that became read-only, as after a disk's error.
  func readOnlyDisk(_ step: ChaosPlan.Step) async throws {
    guard try await fleet.mount(["--bind", fleet.state], on: fleet.state) else {
      return skip("no read-only disk: mount(8) is refused here")
    }
    let remount = try await fleet.tool("mount", ["-o", "remount,bind,ro", fleet.state])
    guard remount.code == 0 else {
      try await fleet.unmount()
      return skip("no read-only disk: \(remount.errors)")
    }
    hasLostRecords = true
    try await refusePromise(to: step.guest, because: "ead-only")
    var dice = step.dice
    var isUnrecorded = false
    switch dice.below(3) {
    case 0: isUnrecorded = try await stopAnyway(step.bystander)
    case 1:
      try await killSupervisor()
      try await run(["ls"], expecting: [0, 1, 5])
    default: break
    }
    try await fleet.unmount()
    if isUnrecorded { try await run(.stop, on: step.bystander, expecting: [0]) }
  }

  /// Asks for what needs a wish on disk: it is refused in words, and the guest is left as it is.
  private func refusePromise(to index: Int, because reason: String) async throws {
    let command: ChaosCommand =
      switch rest(index) {
      case .gone: .up
      case .running, .paused: .restart
      case .stopped, .failed: .start
      }
    let before = try process(index)?.pid
    let outcome = try await run(words(command, on: index), expecting: [1])
    guard outcome.errors.contains(reason) else {
      throw Violation(law: "a promise that cannot be kept is refused, and why", seen: outcome.errors)
    }
    guard try process(index)?.pid == before else {
      throw Violation(
        law: "a refused promise changes nothing", seen: "\(guests[index].name) had process \(before ?? 0)")
    }
  }

  /// A stop needs no space; true when it could not be recorded.
  private func stopAnyway(_ index: Int) async throws -> Bool {
    guard rest(index) != .gone else { return false }
    let outcome = try await run(words(.stop, on: index), expecting: [0, 1])
    rests[index] = [.stopped]
    guard outcome.code != 0 else { return false }
    guard outcome.errors.contains("not recorded") else {
      throw Violation(law: "a stop on a full disk stops", seen: outcome.errors)
    }
    return true
  }

  /// Takes all the space there is.
  private func fill(_ path: String) throws {
    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC)
    for size in [1 << 20, 4096] {
      let block = [UInt8](repeating: 0, count: size)
      do throws(SystemError) {
        while true { try file.write(block) }
      } catch {
        guard error.code == ENOSPC else { throw error }
      }
    }
  }
}
