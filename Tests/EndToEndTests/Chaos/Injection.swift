/// What is done to the fleet in one step; each has a function of its own in an extension of `ChaosRun`.
enum Injection: String, CaseIterable, Sendable {
  case command, twoCommands
  case killGuest, freezeGuest, guestActs, guestEndsAlone
  case killSupervisor, killInCommand, killBoth, freezeSupervisor
  case fullDisk, readOnlyDisk
  case deleteControlSocket, deleteMonitorSocket, deleteConsoleSocket, deleteRuntimeFolder
  case damageFile, damageDefinition
  case stepClock
  case rudeClient
  case chain

  /// How often it is drawn, beside the others.
  var weight: Int {
    switch self {
    case .command: 6
    case .twoCommands, .killInCommand, .damageFile: 4
    case .killGuest, .guestActs, .killSupervisor, .killBoth: 3
    case .freezeGuest, .fullDisk, .rudeClient, .chain: 2
    default: 1
    }
  }
}

/// What is to be done, and to whom; a pure function of the seed, the number of guests and the injections allowed.
struct ChaosPlan: Sequence, IteratorProtocol {
  struct Step: Sendable {
    let number: Int
    let injection: Injection

    /// The guest it is done to, and one that is to suffer nothing.
    let guest: Int
    let bystander: Int

    /// For all that the injection itself has to decide.
    var dice: Dice
  }

  private var dice: Dice
  private let guests: Int
  private let urn: [Injection]
  private var number = 0

  init(seed: UInt64, guests: Int, injections: [Injection] = Injection.allCases) {
    dice = Dice(seed: seed)
    self.guests = guests
    urn = injections.flatMap { Array(repeating: $0, count: $0.weight) }
  }

  mutating func next() -> Step? {
    number += 1
    let injection = dice.pick(urn)
    let guest = dice.below(guests)
    let bystander = (guest + 1 + dice.below(Swift.max(1, guests - 1))) % guests
    return Step(
      number: number, injection: injection, guest: guest, bystander: bystander, dice: Dice(seed: dice.next()))
  }
}
