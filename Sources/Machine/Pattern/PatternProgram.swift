/// A regular expression as steps from which others follow, a nondeterministic automaton; any thread.
///
/// Ken Thompson's way (CACM 11:6, 1968): all steps that are possible are followed at once, so that a text takes its
/// length times the number of steps at the very most, whatever the expression is.
struct PatternProgram: Sendable, Equatable {
  enum Step: Sendable, Equatable {
    /// Goes on to the next step over one byte out of a set.
    case byte(ByteSet)

    /// Goes on to both, over nothing.
    case split(Int, Int)
    case jump(Int)

    /// Go on to the next step where a line begins, or ends.
    case lineStart
    case lineEnd
    case found
  }

  /// So many steps may an expression come to, its repetitions written out.
  private static let mostSteps = 1000

  private(set) var steps: [Step] = []

  /// Bytes that no step tells apart have the same number.
  private(set) var byteClasses: [UInt8] = []
  private(set) var byteClassCount = 1

  /// Parts of the tree that were translated: `(){255}` makes no step.
  private var visits = 0

  init(_ text: String) throws(ConsolePattern.Invalid) {
    try add(PatternParser.parse(text))
    try append(.found)
    classify()
  }

  private mutating func append(_ step: Step) throws(ConsolePattern.Invalid) {
    guard steps.count < Self.mostSteps else { throw Self.tooLarge }
    steps.append(step)
  }

  private mutating func add(_ node: PatternNode) throws(ConsolePattern.Invalid) {
    visits += 1
    guard visits <= 4 * Self.mostSteps else { throw Self.tooLarge }
    switch node {
    case .byte(let set): try append(.byte(set))
    case .lineStart: try append(.lineStart)
    case .lineEnd: try append(.lineEnd)
    case .sequence(let parts): for part in parts { try add(part) }
    case .choice(let branches): try addChoice(branches)
    case .repeated(let inner, let least, let most): try addRepeated(inner, least, most)
    }
  }

  private mutating func addChoice(_ branches: [PatternNode]) throws(ConsolePattern.Invalid) {
    var ends: [Int] = []
    for branch in branches.dropLast() {
      let fork = steps.count
      try append(.split(fork + 1, fork))
      try add(branch)
      ends.append(steps.count)
      try append(.jump(0))
      steps[fork] = .split(fork + 1, steps.count)
    }
    if let last = branches.last { try add(last) }
    for end in ends { steps[end] = .jump(steps.count) }
  }

  private mutating func addRepeated(
    _ node: PatternNode, _ least: Int, _ most: Int?
  ) throws(ConsolePattern.Invalid) {
    guard let most else {
      if least == 0 {
        let fork = steps.count
        try append(.split(fork + 1, fork))
        try add(node)
        try append(.jump(fork))
        steps[fork] = .split(fork + 1, steps.count)
      } else {
        for _ in 1..<least { try add(node) }
        let start = steps.count
        try add(node)
        try append(.split(start, steps.count + 1))
      }
      return
    }
    for _ in 0..<least { try add(node) }
    var forks: [Int] = []
    for _ in least..<most {
      forks.append(steps.count)
      try append(.split(0, 0))
      try add(node)
    }
    for fork in forks { steps[fork] = .split(fork + 1, steps.count) }
  }

  private static let tooLarge = ConsolePattern.Invalid(
    description: "with its repetitions written out it has more than \(mostSteps) parts")
}

extension PatternProgram {
  /// The steps that wait for a byte or for the line's end, reached over nothing from some steps, sorted; and whether
  /// the expression is found by then.
  func reached(
    from starts: some Sequence<Int>, atStart: Bool = false, atEnd: Bool = false
  ) -> (waiting: [Int], isFound: Bool) {
    var seen = [Bool](repeating: false, count: steps.count)
    var open = Array(starts)
    var waiting: [Int] = []
    var isFound = false
    while let step = open.popLast() {
      guard !seen[step] else { continue }
      seen[step] = true
      switch steps[step] {
      case .byte: waiting.append(step)
      case .split(let first, let second): open += [first, second]
      case .jump(let next): open.append(next)
      case .lineStart: if atStart { open.append(step + 1) }
      case .lineEnd: if atEnd { open.append(step + 1) } else { waiting.append(step) }
      case .found: isFound = true
      }
    }
    return (waiting.sorted(), isFound)
  }

  private mutating func classify() {
    var classes = [Int](repeating: 0, count: 256)
    var sets: Set<ByteSet> = []
    for case .byte(let set) in steps where sets.insert(set).inserted {
      // What is in the set parts from what is not, within each class.
      let keys = (0..<256).map { classes[$0] * 2 + (set.contains(UInt8($0)) ? 1 : 0) }
      let numbers = Dictionary(uniqueKeysWithValues: Set(keys).sorted().enumerated().map { ($1, $0) })
      classes = keys.map { numbers[$0] ?? 0 }
      byteClassCount = numbers.count
    }
    byteClasses = classes.map { UInt8($0) }
  }
}
