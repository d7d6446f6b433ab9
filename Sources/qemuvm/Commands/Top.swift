internal import Control
internal import Glibc
internal import Host

/// `qemuvm top`: what VMs use, on the whole screen.
struct Top: Verb {
  static let name = "top"
  static let group = VerbGroup.look
  static let farPart = FarPart.wholeVerb
  static let summary = "Show what VMs use on a live screen"
  static let discussion = [
    "The keys c, m, d, i and n put them in the order of CPU, memory, disk, network (I/O) and name; q or Ctrl-C leaves. "
      + "100 % is one CPU of the host."
  ]
  static let examples = ["qemuvm top", "qemuvm top --interval 5s"]
  static let options: [any DeclaredOption] = [Stats.interval]
  static let exitCodes: [ExitCode] = [.done, .failed, .usage, .noSupervisor]

  private let interval: Duration

  init(_ given: GivenArguments) {
    interval = max(.milliseconds(100), given[Stats.interval] ?? .seconds(2))
  }

  /// The other screen of a terminal, without a cursor, and back; xterm's control sequences.
  private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
  private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

  func run(_ context: Context) throws -> ExitCode {
    guard isatty(STDIN_FILENO) == 1, context.output.isTerminal else {
      throw CommandFailure(
        .failed, nil, "top needs a terminal", hints: ["'qemuvm stats --watch' prints to anything."])
    }
    let sampler = try UseSampler(context)
    var screen = TopScreen()
    var earlier: [VMUse] = []
    var uses = try sampler.sample(nil)
    let terminal = try RawTerminal(STDIN_FILENO, farewell: Self.leave)
    defer { withExtendedLifetime(terminal) {} }
    try context.output.write(Self.enter)
    while true {
      let size = TerminalSize(of: context.output.descriptor)
      try context.output.write(
        screen.text(uses, since: earlier, size, context.outputStyle))
      let due = Instant.now + interval
      var isChanged = false
      while !isChanged, let key = try Self.key(until: due) {
        if TopScreen.leavingKeys.contains(key) { return .done }
        isChanged = screen.take(key)
      }
      guard !isChanged else { continue }
      earlier = uses
      uses = try sampler.sample(nil)
    }
  }

  /// The next key; nil when there is none by then.
  ///
  /// The end of the input is the key that leaves.
  private static func key(until due: Instant) throws(SystemError) -> UInt8? {
    let left = max(0, (due - .now).nanoseconds)
    var poller = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    let wait = Int32(clamping: left / 1_000_000 + 1)
    let ready = try retrying("poll") { poll(&poller, 1, wait) }
    guard ready > 0 else { return nil }
    var byte: UInt8 = 0
    let count = try retrying("read") { read(STDIN_FILENO, &byte, 1) }
    return count == 0 ? UInt8(ascii: "q") : byte
  }
}
