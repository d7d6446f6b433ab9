import Host
import JSON

// Commands as users give them, alone, two at once, and cut off.
extension ChaosRun {
  private static let concurrent = ChaosCommand.allCases.filter { $0 != .reset }

  func perform(_ step: ChaosPlan.Step) async throws {
    figures.byInjection[step.injection, default: 0] += 1
    try await self.step("#\(step.number) \(step.injection) \(guests[step.guest].name)") {
      switch step.injection {
      case .command: try await command(step)
      case .twoCommands: try await twoCommands(step)
      case .killGuest: try await killGuest(step.guest)
      case .freezeGuest: try await freezeGuest(step)
      case .guestActs: try await guestActs(step)
      case .guestEndsAlone: try await guestEndsAlone(step)
      case .killSupervisor: try await killSupervisor()
      case .killInCommand: try await killInCommand(step)
      case .killBoth: try await killBoth(step)
      case .freezeSupervisor: try await freezeSupervisor(step)
      case .fullDisk: try await fullDisk(step)
      case .readOnlyDisk: try await readOnlyDisk(step)
      case .deleteControlSocket: try await deleteControlSocket(step)
      case .deleteMonitorSocket: try await deleteMonitorSocket(step)
      case .deleteConsoleSocket: try await deleteConsoleSocket(step)
      case .deleteRuntimeFolder: try await deleteRuntimeFolder(step)
      case .damageFile: try await damageFile(step)
      case .damageDefinition: try await damageDefinition(step)
      case .stepClock: try await stepClock(step)
      case .rudeClient: try await rudeClient(step)
      case .chain: try await chain(step)
      }
      try await settle()
    }
  }

  /// One command on a fleet at rest: its exit code is known beforehand.
  private func command(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let command = dice.pick(ChaosCommand.allCases)
    try await run(command, on: step.guest, expecting: [command.code(from: rest(step.guest))])
  }

  /// Two commands on one VM at once: either may come first, and one may countermand the other.
  private func twoCommands(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let pair = [dice.pick(Self.concurrent), dice.pick(Self.concurrent)]
    let programs = try pair.map { try fleet.start(words($0, on: step.guest)) }
    var confirmed: [Bool] = []
    for program in programs {
      confirmed.append(try await outcome(of: program, expecting: [0, 1, 3]).code == 0)
    }
    let before = rests[step.guest]
    rests[step.guest] = [[0, 1], [1, 0]].reduce(into: []) { all, order in
      all.formUnion(order.reduce(before) { pair[$1].rests(from: $0, confirmed: confirmed[$1]) })
    }
  }

  /// The supervisor dies somewhere in a command.
  private func killInCommand(_ step: ChaosPlan.Step) async throws {
    var dice = step.dice
    let command = dice.pick(ChaosCommand.allCases)
    try await cutOff(command, on: step.guest, after: dice.milliseconds(upTo: 60))
  }

  /// Starts a command, kills the supervisor after a while, and takes the command's end for what it says.
  func cutOff(_ command: ChaosCommand, on index: Int, after delay: Duration) async throws {
    let program = try fleet.start(words(command, on: index))
    await letPass(delay)
    try await killSupervisor()
    let code = try await outcome(of: program, expecting: Self.anyCode).code
    rests[index] = command.rests(from: rests[index], confirmed: code == 0)
  }

  /// The same over the control socket, where the reply alone is the promise.
  func cutOffReply(_ command: ChaosCommand, on index: Int, after delay: Duration) async throws {
    try await run(["ls"], expecting: [0])
    let monitor = try await fleet.monitor()
    async let reply = try? monitor.reply(
      to: command.rawValue, ["name": .string("\(ChaosGuest.lab)/\(guests[index].name)")])
    await letPass(delay)
    try await killSupervisor()
    let isConfirmed = await reply?["return"] != nil
    note("\(command) \(guests[index].name) over the socket: \(isConfirmed ? "confirmed" : "no promise")")
    rests[index] = command.rests(from: rests[index], confirmed: isConfirmed)
    await monitor.close()
  }
}
