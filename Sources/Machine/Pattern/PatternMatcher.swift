/// Follows a regular expression through a line, byte after byte, without keeping the line.
///
/// Sets of steps that have come up once are kept, so that most bytes cost a look into a table; at most so many, and
/// the table begins anew. Owned by one reader.
package struct PatternMatcher: Sendable {
  /// What is kept, in sets of steps.
  private static let mostStates = 256

  private static let unknown = Int32(-1)

  private let program: PatternProgram

  /// What stands in each set of steps.
  private var states: [[Int]] = []
  private var numbers: [[Int]: Int32] = [:]

  /// Whether the expression has been found, or is if the line ends here.
  private var isFound: [Bool] = []
  private var isFoundAtEnd: [Bool] = []

  /// By state and class of the next byte.
  private var next: [Int32] = []

  /// The steps from which the expression may begin at any place.
  private let anew: (waiting: [Int], isFound: Bool)

  /// Those from which it may begin where a line does.
  private let start: (waiting: [Int], isFound: Bool)

  /// Their number, unless the table has been forgotten since.
  private var startNumber: Int32?
  private var current: Int32 = 0
  private var isEmpty = true

  init(_ program: PatternProgram) {
    self.program = program
    anew = program.reached(from: [0])
    start = program.reached(from: [0], atStart: true)
    begin()
  }

  /// Begins a line.
  package mutating func begin() {
    isEmpty = true
    current = startNumber ?? number(of: start.waiting, isFound: start.isFound)
    startNumber = current
  }

  /// Goes on by a byte; true when the expression is in the line whatever follows.
  package mutating func take(_ byte: UInt8) -> Bool {
    isEmpty = false
    if isFound[Int(current)] { return true }
    let place = Int(current) * program.byteClassCount + Int(program.byteClasses[Int(byte)])
    let known = next[place]
    if known != Self.unknown {
      current = known
    } else {
      let isFull = states.count >= Self.mostStates
      let reached = follow(byte)
      if isFull { forget() }
      current = number(of: reached.waiting, isFound: reached.isFound)
      if !isFull { next[place] = current }
    }
    return isFound[Int(current)]
  }

  /// Whether the expression is in the line as it stands; never in an empty one.
  package var showsAtEnd: Bool { !isEmpty && (isFound[Int(current)] || isFoundAtEnd[Int(current)]) }

  private func follow(_ byte: UInt8) -> (waiting: [Int], isFound: Bool) {
    let taken = states[Int(current)].filter { step in
      if case .byte(let set) = program.steps[step] { set.contains(byte) } else { false }
    }
    if taken.isEmpty { return anew }
    return program.reached(from: [0] + taken.map { $0 + 1 })
  }

  private mutating func forget() {
    states = []
    numbers = [:]
    isFound = []
    isFoundAtEnd = []
    next = []
    startNumber = nil
  }

  private mutating func number(of steps: [Int], isFound found: Bool) -> Int32 {
    // What has been found stays so: such a set is told apart by a step that there is not.
    let key = found ? [-1] : steps
    if let number = numbers[key] { return number }
    let number = Int32(states.count)
    numbers[key] = number
    states.append(found ? [] : steps)
    isFound.append(found)
    let ends = steps.filter { program.steps[$0] == .lineEnd }
    isFoundAtEnd.append(!ends.isEmpty && program.reached(from: ends, atEnd: true).isFound)
    next += repeatElement(Self.unknown, count: program.byteClassCount)
    return number
  }
}
