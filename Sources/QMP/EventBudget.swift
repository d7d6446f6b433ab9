internal import Glibc
internal import Host

/// How many of a server's events are told: of each name a burst, and then a few a second; pure.
///
/// A guest makes QEMU send many kinds of events as fast as it can write to a port. What is not told at once is
/// counted, and the last of it is told as soon as that name's turn comes, with the number of all: so nothing of an
/// ordinary guest's is missed, and the end of a storm is known. Owned by one connection.
struct EventBudget {
  /// Events of one name that are told at once when none has come for long.
  static let burst = 32

  /// The time that makes up for one.
  static let gap = Duration.milliseconds(250)

  /// An event costs one, and one more for so many bytes.
  static let step = 1024

  /// The longest event that is taken whole, in bytes.
  static let sizeLimit = 16 << 10

  /// Names that are told apart; all others share one budget.
  static let mostNames = 32

  /// An event that waits.
  struct Held {
    /// Its line; only its beginning if it was too long.
    var line: [UInt8]

    /// How long the line was, in bytes.
    var length: Int

    /// How many events it stands for.
    var count: Int

    /// Which it was among all that came.
    var number: Int

    fileprivate mutating func keep(_ other: UnsafeRawBufferPointer) {
      guard line.count == other.count, let start = other.baseAddress else {
        line = Array(other)
        return
      }
      line.withUnsafeMutableBytes { _ = $0.baseAddress.map { memcpy($0, start, other.count) } }
    }
  }

  private struct Account {
    let name: [UInt8]
    var tokens: TokenBucket
    var held: Held?

    /// When what is held may be told.
    var due: Instant? { held.map { tokens.due(EventBudget.cost($0.length)) } }
  }

  private var accounts: [Account] = []

  /// The account that was used last: of a storm it is the same again.
  private var last = 0
  private var number = 0

  /// When the first of those that wait may be told; nil while none waits.
  private(set) var nextDue: Instant?

  /// Takes an event's line in; true when it is to be told now, for itself alone.
  ///
  /// One that is not told takes the place of the last that was not.
  mutating func admits(
    _ name: UnsafeRawBufferPointer, _ line: UnsafeRawBufferPointer, length: Int, at now: Instant
  ) -> Bool {
    let place = account(of: name, now)
    number += 1
    let kept = length > Self.sizeLimit ? LineSplitter.LongLine.endSize : length
    let line = UnsafeRawBufferPointer(rebasing: line.prefix(kept))
    if accounts[place].held != nil {
      // Behind what waits, which is older. This is the way of a storm.
      accounts[place].held?.count += 1
      accounts[place].held?.number = number
      accounts[place].held?.length = length
      accounts[place].held?.keep(line)
      return false
    }
    if accounts[place].tokens.take(Self.cost(length), at: now) { return true }
    accounts[place].held = Held(line: Array(line), length: length, count: 1, number: number)
    findNextDue()
    return false
  }

  /// Those that waited and may be told now, in the order in which they came.
  mutating func takeDue(at now: Instant) -> [Held] {
    let due = take { $0.due.map { $0 <= now } ?? false }
    for held in due { _ = accounts[held.place].tokens.take(Self.cost(held.held.length), at: now) }
    findNextDue()
    return due.map(\.held)
  }

  /// All that wait, in the order in which they came: the connection ends.
  mutating func takeAll() -> [Held] {
    nextDue = nil
    return take { _ in true }.map(\.held)
  }

  private mutating func take(_ isWanted: (Account) -> Bool) -> [(held: Held, place: Int)] {
    var taken: [(held: Held, place: Int)] = []
    for place in accounts.indices where isWanted(accounts[place]) {
      if let held = accounts[place].held.take() { taken.append((held, place)) }
    }
    return taken.sorted { $0.held.number < $1.held.number }
  }

  private mutating func account(of name: UnsafeRawBufferPointer, _ now: Instant) -> Int {
    if last < accounts.count, Self.isSame(accounts[last].name, name) { return last }
    // Of the two the later one says how the guest is, whatever waits.
    let name = Self.isSame(Self.resume, name) ? Self.stop : Array(name)
    if let place = accounts.firstIndex(where: { $0.name == name }) {
      last = place
    } else if accounts.count > Self.mostNames {
      last = Self.mostNames
    } else {
      let tokens = TokenBucket(capacity: Self.burst, gap: Self.gap, now: now)
      accounts.append(Account(name: name, tokens: tokens))
      last = accounts.count - 1
    }
    return last
  }

  private static let stop = Array("STOP".utf8)
  private static let resume = Array("RESUME".utf8)

  private static func isSame(_ name: [UInt8], _ other: UnsafeRawBufferPointer) -> Bool {
    guard name.count == other.count, let start = other.baseAddress else { return false }
    return name.withUnsafeBytes { memcmp($0.baseAddress ?? start, start, other.count) == 0 }
  }

  private mutating func findNextDue() {
    nextDue = accounts.lazy.compactMap(\.due).min()
  }

  private static func cost(_ length: Int) -> Int { 1 + length / step }
}
