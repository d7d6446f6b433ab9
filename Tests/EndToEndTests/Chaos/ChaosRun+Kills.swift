import Host

// Supervisors killed in the middle of operations, again and again.
extension ChaosRun {
  private static let operations: [ChaosCommand] = [.up, .stop, .start, .kill, .restart, .down, .update]

  /// Begins a command, kills the supervisor somewhere in it, and every few times looks at what has become of all.
  func operation(_ number: Int, _ dice: inout Dice) async throws {
    let index = dice.below(guests.count)
    let command = dice.pick(Self.operations)
    let (isOverSocket, isWarm) = (dice.below(2) == 0 && command != .update, dice.below(2) == 0)
    let delay = dice.milliseconds(upTo: 60)
    try await step("#\(number) \(command) \(guests[index].name), kill after \(delay)") {
      if isOverSocket {
        try await cutOffReply(command, on: index, after: delay)
      } else {
        // Else the command itself starts the supervisor, which is then killed while it takes over what runs.
        if isWarm { try await run(["ls"], expecting: [0]) }
        try await cutOff(command, on: index, after: delay)
      }
      if number % 5 == 0 { try await settle() }
    }
  }
}
