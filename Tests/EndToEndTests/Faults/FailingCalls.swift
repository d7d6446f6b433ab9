import Glibc
import Host

/// System calls of a fleet's own programs that fail, or at which the program dies, as `Preload/failing-calls.c` does it.
///
/// One for a fleet: the file lies in the fleet's folder, where every preloaded program maps it.
struct FailingCalls: Sendable {
  /// Whose calls are counted and fail.
  enum Role: Int32, CaseIterable, Sendable {
    case client = 1
    case supervisor = 2
  }

  /// What is done at the call.
  enum Act: Int32, CaseIterable, Sendable {
    case fail = 0
    case die = 1

    /// It fails, and the program dies at its next call.
    case failThenDie = 2
  }

  /// Which call it is: of all with this label, the how-manieth since.
  struct Site: Sendable, Hashable, CustomStringConvertible {
    let label: String
    let occurrence: Int

    /// How many usual errors the call has.
    var errors = 1

    /// The call's name, as `open` or `fcntl F_SETLK`.
    var call: String {
      let words = label.split(separator: " ").map(String.init)
      return words[0] == "fcntl" ? words.prefix(2).joined(separator: " ") : words[0]
    }

    var description: String { "\(label) (\(occurrence))" }
  }

  private let path: String

  /// As in the C source.
  private static let (headSize, labelSize, tableSize) = (32, 120, 1024)

  /// Before the first command of the fleet.
  fileprivate init(_ fleet: Fleet) throws {
    path = fleet.root + "/failing-calls"
    let size = Self.headSize + Self.labelSize * (1 + Self.tableSize)
    try FileSystem.replace(path, with: [UInt8](repeating: 0, count: size), durable: false)
  }

  /// Counts the role's calls from here on, and with a site strikes there; `variant` is which of the call's usual errors
  /// it fails with.
  func arm(_ role: Role, at site: Site? = nil, act: Act = .fail, variant: Int32 = 0) throws {
    let numbers: [Int32] = [0, 0, 0, act.rawValue, variant, Int32(site?.occurrence ?? 0), 0, 0]
    var label = Array((site?.label ?? "").utf8.prefix(Self.labelSize - 1))
    label += [UInt8](repeating: 0, count: Self.labelSize - label.count)
    try write(numbers.withUnsafeBytes { Array($0) } + label)
    try write([role.rawValue].withUnsafeBytes { Array($0) })
  }

  /// Counts nothing any more; whether the site that was armed was reached.
  @discardableResult
  func disarm() throws -> Bool {
    try write([0, 0, 0, 0])
    return number(try FileSystem.read(path), at: 8) > 0
  }

  /// The calls that were counted, by their labels: how many, and how many usual errors each has.
  func counted() throws -> [String: (count: Int, errors: Int)] {
    let bytes = try FileSystem.read(path)
    let labels = number(bytes, at: 24)
    return (0..<labels).reduce(into: [:]) { counts, index in
      let start = Self.headSize + Self.labelSize * (1 + index)
      let text = bytes[(start + 8)..<(start + Self.labelSize)].prefix { $0 != 0 }
      counts[String(decoding: text, as: UTF8.self)] = (number(bytes, at: start), number(bytes, at: start + 4))
    }
  }

  private func number(_ bytes: [UInt8], at place: Int) -> Int {
    Int(bytes[place..<(place + 4)].reversed().reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
  }

  private func write(_ bytes: [UInt8]) throws {
    try FileDescriptor.open(path, O_WRONLY).write(bytes)
  }
}

extension Fleet {
  /// Makes a fleet whose programs' calls can be made to fail.
  static func runFailing(_ test: (Fleet, FailingCalls) async throws -> Void) async throws {
    try await run(["LD_PRELOAD": try await Guests.failingCalls()]) { fleet in
      try await test(fleet, try FailingCalls(fleet))
    }
  }

  /// Runs a command, at one of whose supervisor's calls something is done; the call must be reached.
  func run(
    _ words: [String], with calls: FailingCalls, at label: String, act: FailingCalls.Act = .fail,
    variant: Int32 = 0, occurrence: Int = 1
  ) async throws -> Program.Outcome {
    try calls.arm(.supervisor, at: .init(label: label, occurrence: occurrence), act: act, variant: variant)
    let outcome = try await start(words).end()
    guard try calls.disarm() else { throw SystemError("no such call was made", label, code: 0) }
    return outcome
  }
}
